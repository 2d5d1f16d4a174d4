/**
 * What `fh fleet rare` and `fh fleet compare` do.
 *
 * @module
 */
import { parseMoment } from "../../ask/text/moments.ts";
import { type Context, tableStyle } from "../../cli/command.ts";
import type { GlobalOptions } from "../../cli/globals.ts";
import { tell } from "../../cli/tell.ts";
import { CommandError, EXIT } from "../../fault.ts";
import { noHost } from "../../fleet/no_host.ts";
import { type FleetProgram, hostNames, ownPrograms, rarePrograms } from "../../fleet/programs.ts";
import { jsonText } from "../../text/json_text.ts";
import { type Column, table } from "../../text/table.ts";
import { withFleet } from "./tables.ts";

const DAY_MS = 86_400_000;
const FEW = 2;

interface Asked extends GlobalOptions {
  readonly since?: string | undefined;
  readonly fleet?: string | undefined;
}

/** Lists rare programs; the exit status comes back: 3 where there is none. */
export async function listRare(
  context: Context,
  options: Asked & { readonly hosts?: number; readonly new?: boolean; readonly host?: string },
): Promise<number> {
  const { hosts: most = FEW, new: isNew = false, host: hosts = "*" } = options;
  const since = sinceOf(context, options);
  return await withFleet(context, options, async (db) => {
    if ((await hostNames(db, hosts)).length === 0) throw await noHost(db, hosts);
    const found = await rarePrograms(db, { since, most, isNew, hosts });
    write(context, options, found, "no program ran on so few hosts");
    return found.length > 0 ? EXIT.done : EXIT.notFound;
  });
}

/** Lists what a host alone runs; the exit status comes back: 3 where that is nothing. */
export async function compareHost(
  context: Context,
  host: string,
  options: Asked & { readonly with?: string },
): Promise<number> {
  const { with: peers = "*" } = options;
  const since = sinceOf(context, options);
  return await withFleet(context, options, async (db) => {
    const [known, others] = [await hostNames(db, "*"), await hostNames(db, peers)];
    if (!known.includes(host)) throw await noHost(db, host);
    if (others.every((name) => name === host)) {
      const what = `${host} has no peers in ${peers}`;
      throw new CommandError(EXIT.notFound, `${what}; see fh fleet status`);
    }
    const found = await ownPrograms(db, host, peers, since);
    write(context, options, found, `${host} ran nothing that its peers did not`);
    return found.length > 0 ? EXIT.done : EXIT.notFound;
  });
}

function sinceOf({ now }: Context, { since }: Asked): number {
  return since === undefined ? now() - DAY_MS : parseMoment(since, now());
}

function write(
  context: Context,
  { json, color, quiet }: Asked,
  found: readonly FleetProgram[],
  none: string,
): void {
  if (json) {
    for (const one of found) context.stdout.write(`${jsonText(fieldsOf(one))}\n`);
    return;
  }
  if (found.length === 0) return tell(context, none, quiet);
  const style = tableStyle(context.stdout, context.env, color);
  context.stdout.write(table(found, COLUMNS, style).map((line) => `${line}\n`).join(""));
}

function fieldsOf(one: FleetProgram): Readonly<Record<string, unknown>> {
  const { exe, comm, hosts, names, started, first, last } = one;
  return { exe, comm, hosts, names, started, first_day: day(first), last_day: day(last) };
}

const day = (moment: number) => new Date(moment).toISOString().slice(0, 10);

const COLUMNS: readonly Column<FleetProgram>[] = [
  ["HOSTS", ({ hosts }) => hosts, true],
  ["STARTED", ({ started }) => started, true, 3],
  ["FIRST", ({ first }) => day(first), false, 2],
  ["LAST", ({ last }) => day(last), false, 1],
  ["ON", ({ hosts, names }) => names.join(",") + (hosts > names.length ? ",..." : "")],
  ["NAME", ({ comm }) => comm ?? "?"],
  ["PROGRAM", ({ exe }) => exe ?? "?"],
];
