/**
 * Questions to a fleet instead of this host's history.
 *
 * @module
 */
import type { Notes } from "../../ask/notes.ts";
import { askHistory, type OpenOptions } from "../../ask/open/open.ts";
import type { PastStore } from "../../ask/store.ts";
import type { Context } from "../../cli/command.ts";
import { UsageError } from "../../fault.ts";
import type { Waiting } from "../../fleet/connection.ts";
import { Progress } from "../../term/progress.ts";
import { durationWords } from "../../text/words.ts";
import { openOptions } from "../asking.ts";
import { fleetOf } from "./options.ts";

/** A host that was not heard of for so long is told. */
const SILENT_MS = 60_000;
/** What a fleet has is so far behind what happens, mostly; more than that is told. */
const LAG_MS = 60_000;
/** Hosts that are named of those. */
const NAMED_MAX = 3;

/** What the command line gives of them. */
export interface FleetAsked {
  readonly fleet?: string;
  readonly host?: string;
  readonly db?: string;
  readonly quiet?: boolean;
}

/** Whether a fleet is asked. */
export function asksFleet({ fleet, host }: FleetAsked): boolean {
  return fleet !== undefined || host !== undefined;
}

/** Throws UsageError where options of a question to a fleet do not go with it. */
export function checkFleet(asked: FleetAsked, others: Readonly<Record<string, unknown>>): void {
  if (!asksFleet(asked)) return;
  const other = Object.entries({ db: asked.db, ...others }).find(([, value]) => value);
  if (other === undefined) return;
  throw new UsageError(`Bad options: --${other[0]} with a fleet; take one of them`);
}

/**
 * A host may be called anything; `tmux: server` and `kworker/0:1` are names of processes, and the
 * colon of `4711@03:12` is that of a time.
 */
const OF_HOST = /^([^\s:/@]+):(?!\s)(.+)$/su;

/**
 * `HOST:PID`, where a fleet is asked or FH_FLEET names one: the rest of the operand, and the host
 * among the options.
 */
export function hostOf<Options extends FleetAsked>(
  { env }: Pick<Context, "env">,
  operand: string,
  options: Options,
): readonly [operand: string, options: Options] {
  if (!asksFleet(options) && !env["FH_FLEET"]) return [operand, options];
  const [, host, rest] = OF_HOST.exec(operand) ?? [];
  return host === undefined ? [operand, options] : [rest!, { ...options, host }];
}

/**
 * {@linkcode hostOf} for several processes. Throws UsageError where they are of more than one host.
 */
export function hostOfAll<Options extends FleetAsked & { readonly pid?: readonly string[] }>(
  context: Pick<Context, "env">,
  given: Options,
): Options {
  const { pid } = given;
  if (pid === undefined) return given;
  let options = given;
  const hosts = new Set<string>();
  const rest = pid.map((text) => {
    const [operand, own] = hostOf(context, text, given);
    if (operand !== text) hosts.add(own.host!);
    if (operand !== text) options = own;
    return operand;
  });
  if (hosts.size < 2) return { ...options, pid: rest };
  const [one, other] = hosts;
  throw new UsageError(
    `Bad processes: one is of ${one}, one of ${other}; ask for those of one host`,
  );
}

/** The hosts of a store, by name. */
export function hostsOf({ bounds }: PastStore): string[] {
  return [...new Set(bounds.boots.map(({ host }) => host ?? ""))].sort();
}

/** What they are called together. */
export function hostsText(store: PastStore): string {
  const names = hostsOf(store);
  return names.length === 1 ? names[0]! : `${names.length} hosts`;
}

/** The store to ask: hosts of a fleet, or the history as askHistory() opens it. */
export async function openPast(
  context: Context,
  options: FleetAsked,
  notes: Notes,
  more: Partial<OpenOptions> & { readonly progress?: Progress } = {},
): Promise<PastStore | null> {
  const { progress, ...reading } = more;
  const opened = { ...openOptions(context, notes), ...reading };
  if (!asksFleet(options)) return await askHistory(context, options.db, opened);
  const { FleetStore } = await import("../../fleet/store.ts");
  const store = await FleetStore.open({
    url: fleetOf(context, options.fleet),
    hosts: options.host ?? "*",
    env: context.env,
    signal: context.signal,
    breath: opened.breath,
    waiting: waitingOn(context, options.quiet, progress),
  });
  noteLate(notes, await store.late(SILENT_MS, LAG_MS));
  return store;
}

/** Tells on a terminal that a fleet is asked; on the line of other progress, where there is any. */
export function waitingOn(
  { stderr }: Pick<Context, "stderr">,
  quiet: boolean | undefined,
  progress?: Progress,
): Waiting {
  const own = progress ?? new Progress(stderr, quiet);
  return {
    wait: (rows) => own.show("asking the fleet", rows, null, "rows"),
    done: () => {
      if (progress === undefined) own.end();
    },
  };
}

/** Notes of which hosts something may be missing that has happened already. */
function noteLate(
  notes: Notes,
  late: readonly { readonly name: string; readonly lateMs: number }[],
): void {
  if (late.length === 0) return;
  const some = late.slice(0, NAMED_MAX).map(({ name, lateMs }) => {
    return `${name} for ${durationWords(lateMs * 1e6)}`;
  });
  const more = late.length > NAMED_MAX ? ` and ${late.length - NAMED_MAX} more` : "";
  notes.add("behind", `nothing new is known of ${some.join(", ")}${more}`);
}
