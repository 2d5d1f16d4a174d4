/**
 * What `fh fleet init`, `migrate`, `status` and `prune` do.
 *
 * @module
 */
import { type Context, tableStyle } from "../../cli/command.ts";
import type { GlobalOptions } from "../../cli/globals.ts";
import { tell } from "../../cli/tell.ts";
import { EXIT, UsageError } from "../../fault.ts";
import { Connection, type Waiting } from "../../fleet/connection.ts";
import { LAYOUTS } from "../../fleet/layout.ts";
import {
  type FleetHost,
  hostGrants,
  makeRole,
  migrate,
  type Migrated,
  prune,
  readerGrants,
  readHosts,
  readSize,
} from "../../fleet/tables.ts";
import { localTime } from "../../host/local_time.ts";
import { jsonText } from "../../text/json_text.ts";
import { type Column, table } from "../../text/table.ts";
import { durationWords, sizeWords } from "../../text/words.ts";
import { waitingOn } from "./ask.ts";
import { fleetOf } from "./options.ts";

const NS_PER_MS = 1e6;
/** A host that was not heard of for so long is told. */
const SILENT_MS = 5 * 60_000;
/** Hosts that are named of those. */
const NAMED_MAX = 5;

/** What the command line of any of them gives. */
interface FleetOptions extends GlobalOptions {
  readonly fleet?: string | undefined;
}

/** Does work with the fleet that is meant. */
export async function withFleet<Result>(
  context: Context,
  { fleet, quiet }: Pick<FleetOptions, "fleet" | "quiet">,
  work: (db: Connection) => Promise<Result>,
  waiting: Waiting = waitingOn(context, quiet),
): Promise<Result> {
  const url = fleetOf(context, fleet);
  const db = await Connection.open(url, context.env, context.signal, null, waiting);
  try {
    return await work(db);
  } finally {
    await db.close();
  }
}

/** Makes tables and roles, and prints the SQL of these; the exit status comes back. */
export async function initFleet(
  context: Context,
  options: FleetOptions & {
    readonly host?: readonly string[];
    readonly reader?: readonly string[];
    readonly plain?: boolean;
    readonly distributed?: boolean;
    readonly timescale?: boolean;
  },
): Promise<number> {
  const { host = [], reader = [], quiet } = options;
  const [layout = null, ...others] = LAYOUTS.filter((name) => name !== "days" && options[name]);
  if (others.length > 0) {
    const what = `Conflicting options: ${
      [layout, ...others].map((name) => `--${name}`).join(", ")
    }`;
    throw new UsageError(`${what}; give one of them`);
  }
  return await withFleet(context, options, async (db) => {
    tell(context, migratedWords(await migrate(db, layout), db.shown), quiet);
    const roles = [
      ...host.map((name) => [name, hostGrants(name)] as const),
      ...reader.map((name) => [name, readerGrants(name)] as const),
    ];
    for (const [name, grants] of roles) {
      await makeRole(db, name, grants);
      for (const sql of grants) context.stdout.write(`${sql};\n`);
    }
    return EXIT.done;
  });
}

/** Brings tables up to date; the exit status comes back. */
export async function migrateFleet(context: Context, options: FleetOptions): Promise<number> {
  return await withFleet(context, options, async (db) => {
    tell(context, migratedWords(await migrate(db, null), db.shown), options.quiet);
    return EXIT.done;
  });
}

function migratedWords({ from, to }: Migrated, where: string): string {
  if (from === to) return `the tables at ${where} are of version ${to} already`;
  return `the tables at ${where} are of version ${to} now`;
}

/** Lists hosts; the exit status comes back. */
export async function showFleet(context: Context, options: FleetOptions): Promise<number> {
  return await withFleet(context, options, async (db) => {
    const [hosts, bytes] = [await readHosts(db), await readSize(db)];
    if (options.json) {
      context.stdout.write(`${jsonText({ bytes, hosts: hosts.map(hostFields) })}\n`);
      return EXIT.done;
    }
    const style = tableStyle(context.stdout, context.env, options.color);
    context.stdout.write(table(hosts, COLUMNS, style).map((line) => `${line}\n`).join(""));
    const count = hosts.length === 1 ? "1 host" : `${hosts.length} hosts`;
    tell(context, `${count}, ${sizeWords(bytes)}`, options.quiet);
    tellSilent(context, hosts, options.quiet);
    return EXIT.done;
  });
}

/** Tells of which hosts nothing is heard any more. */
function tellSilent(context: Context, hosts: readonly FleetHost[], quiet?: boolean): void {
  const silent = hosts.filter(({ silentMs }) => silentMs > SILENT_MS).map(({ name }) => name);
  if (silent.length === 0) return;
  const more = silent.length - NAMED_MAX;
  const names = silent.slice(0, NAMED_MAX).join(", ") + (more > 0 ? ` and ${more} more` : "");
  tell(context, `nothing was heard of ${names} for 5 minutes`, quiet);
}

/** How far what the fleet knows of a host is behind what the host knew, milliseconds. */
function lagOf({ reach, seen }: FleetHost): number | null {
  return reach === null ? null : Math.max(0, seen - reach);
}

function hostFields(host: FleetHost): Readonly<Record<string, unknown>> {
  const { name, role, version, seen, silentMs, reach, waiting, forgotten } = host;
  const lag = lagOf(host);
  return {
    ...{ host: name, role, version },
    seen: new Date(seen).toISOString(),
    silent_ns: silentMs * NS_PER_MS,
    shipped_until: reach === null ? null : new Date(reach).toISOString(),
    lag_ns: lag === null ? null : lag * NS_PER_MS,
    ...{ waiting, forgotten },
  };
}

const COLUMNS: readonly Column<FleetHost>[] = [
  ["HOST", ({ name }) => name],
  ["HEARD OF", ({ seen }) => localTime(seen)],
  ["LAG", (host) => {
    const lag = lagOf(host);
    return lag === null ? "?" : durationWords(lag * NS_PER_MS);
  }, true],
  ["WAITING", ({ waiting }) => waiting, true],
  ["FORGOTTEN", ({ forgotten }) => forgotten, true],
  ["VERSION", ({ version }) => version],
  ["ROLE", ({ role }) => role],
];

/** Forgets what is old; the exit status comes back. */
export async function pruneFleet(
  context: Context,
  options: FleetOptions & { readonly keep?: number | undefined },
): Promise<number> {
  const { keep } = options;
  if (keep === undefined) {
    throw new UsageError("Missing option: --keep; give how long lives are kept, such as 30d");
  }
  return await withFleet(context, options, async (db) => {
    const { lives, days } = await prune(db, keep / NS_PER_MS, context.now());
    tell(context, `forgot ${lives} lives; dropped ${days} empty days`, options.quiet);
    return EXIT.done;
  });
}
