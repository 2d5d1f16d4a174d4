/**
 * What `fh tree` does: reads /proc, builds the forest, draws what was asked for.
 *
 * @module
 */
import { existsSync } from "node:fs";
import type { Context } from "../../cli/command.ts";
import { CommandError, EXIT, UsageError } from "../../fault.ts";
import type { History } from "../../history/history.ts";
import { RunningBoot } from "../../model/boot.ts";
import type { Process } from "../../model/process.ts";
import { takeSnapshot } from "../../model/snapshot.ts";
import { buildForest, type TreeNode } from "../../model/tree.ts";
import { readShortBootId } from "../../proc/boot_id.ts";
import { readProcesses, withoutKernelThreads } from "../../proc/processes.ts";
import { openProcfs, ProcError, type ProcReader, readProcess } from "../../proc/procfs.ts";
import { openUsers } from "../../proc/users.ts";
import { Breath } from "../../steps.ts";
import { renderTree } from "../../view/tree.ts";
import { treeJson } from "../../view/tree_json.ts";
import { readEpoch } from "../boot_time.ts";
import { historyToAsk, noHistory } from "../history_place.ts";
import type { MissingJson } from "../missing.ts";
import { adviseOnPids, adviseToRecord } from "../past.ts";
import { ended, writePieces } from "../pieces.ts";
import { createRedactFrom } from "../redact.ts";
import { parseTarget, type Target } from "../target.ts";
import { chooseRoots, noProcess, type TreeOptions, treeStyle } from "./options.ts";
import type { Shown } from "./past.ts";

/** Runs the command; the exit status comes back. */
export async function runTree(
  context: Context,
  operands: readonly string[],
  given: Readonly<Record<string, unknown>>,
): Promise<number> {
  const options: TreeOptions = given;
  const [text] = operands;
  const targetOf = (known: { readonly latest: number } | null) => {
    return text === undefined ? null : parseTarget(text, Date.now(), known);
  };
  const target = targetOf({ latest: Infinity });
  checkOptions(target, options, context);
  const reader = openProcfs(context.procRoot);
  if (options.watch) {
    const pid = target?.pid ?? null;
    const boot = new RunningBoot(readShortBootId(reader));
    if (pid !== null) findLiving(context, reader, pid, boot, options);
    const { TreeWatch } = await import("./watch.ts");
    return await new TreeWatch(context, reader, pid, options).run();
  }
  const history = await openHistoryFor(context, options);
  try {
    const found = await findTree(context, reader, history, targetOf(history), options);
    await write(context, found, options);
    await context.stdout.flush();
    adviseOnPids(context, reader, options.quiet);
    if (history === null) adviseToRecord(context, "what has ended is not shown", options.quiet);
  } finally {
    history?.close();
  }
  return EXIT.done;
}

/** The answer to a question. */
export interface TreeFound {
  readonly roots: TreeNode[];
  /** The process that was asked for. */
  readonly focus: Process | null;
  /** What is not known of its time. */
  readonly missing: readonly MissingJson[];
}

/** The trees to be shown of what was asked for; throws CommandError. */
export async function findTree(
  context: Context,
  reader: ProcReader,
  history: History | null,
  target: Target | null,
  options: TreeOptions,
): Promise<TreeFound> {
  const breath = new Breath(context.signal, options.turnMs);
  // Only JSON says when something living began.
  const epoch = options.json ? await readEpoch(context) : null;
  const boot = new RunningBoot(readShortBootId(reader), epoch);
  const shown = await show(context, breath, reader, boot, history, target, options);
  const { forest, focus, missing = [] } = shown;
  const roots = chooseRoots(forest, focus && forest.nodeOf(focus), options);
  if (missing.length === 0) return { roots, focus, missing: [] };
  const { missingJson } = await import("../missing.ts");
  return { roots, focus, missing: missingJson(missing) };
}

/** The history is loaded only where there is one: most of a short command is its start. */
async function openHistoryFor(context: Context, options: TreeOptions): Promise<History | null> {
  if (options.db === undefined && !existsSync(historyToAsk(context.env, undefined))) return null;
  const { askHistory } = await import("../history_open.ts");
  return await askHistory(context, options.db);
}

async function show(
  context: Context,
  breath: Breath,
  reader: ProcReader,
  boot: RunningBoot,
  history: History | null,
  target: Target | null,
  options: TreeOptions,
): Promise<Shown> {
  if (options.at !== undefined || options.since !== undefined || options.until !== undefined) {
    if (history === null) throw noHistory(context.env);
    const { pastForest } = await import("./past.ts");
    return pastForest(context, history, target, options);
  }
  if (history !== null) {
    const { withPast } = await import("./past.ts");
    const living = readSnapshot(context, reader, target?.pid ?? null, boot, options);
    return await breath.finish(withPast(context, history, living, target, options));
  }
  if (target === null) {
    const forest = buildForest(readSnapshot(context, reader, null, boot, options));
    return { forest, focus: null };
  }
  if (target.at !== null || target.id !== null) throw noHistory(context.env);
  return findLiving(context, reader, target.pid, boot, options);
}

function findLiving(
  context: Context,
  reader: ProcReader,
  pid: number,
  boot: RunningBoot,
  options: TreeOptions,
): Shown {
  const forest = buildForest(readSnapshot(context, reader, pid, boot, options));
  const node = forest.find(pid);
  if (node === null) throw whyMissing(context.procRoot, reader, pid);
  return { forest, focus: node.process };
}

async function write(
  context: Context,
  { roots, focus, missing }: TreeFound,
  options: TreeOptions,
): Promise<void> {
  if (!options.json) {
    const style = treeStyle(context, options, focus);
    return await writePieces(context, ended(renderTree(roots, style)));
  }
  const json = { users: openUsers(), gaps: missing };
  for (const root of roots) await writePieces(context, treeJson(root, json));
}

function checkOptions(target: Target | null, options: TreeOptions, context: Context): void {
  const { ancestors, descendants, watch, json, keep } = options;
  if (target === null && (ancestors || descendants)) {
    const name = ancestors ? "--ancestors" : "--descendants";
    throw new UsageError(`Missing pid: ${name} tells what to show of a process; give its pid`);
  }
  if (keep !== undefined && !watch) {
    throw new UsageError("Bad option: --keep; it means something together with --watch only");
  }
  if (!watch) return;
  const past = options.at ?? options.since ?? options.until ?? target?.at ?? target?.id ?? null;
  if (past !== null) {
    throw new UsageError("Bad options: --watch with a time or an id; it shows what runs now");
  }
  if (json) {
    throw new UsageError("Bad options: --watch with --json; for a stream use fh watch --json");
  }
  if (!context.stdout.isTerminal || context.env["TERM"] === "dumb") {
    throw new UsageError(
      "Bad option: --watch; it needs a terminal as standard output, for a stream use fh watch",
    );
  }
}

function readSnapshot(
  context: Context,
  reader: ProcReader,
  pid: number | null,
  boot: RunningBoot,
  options: TreeOptions,
): Process[] {
  const { procRoot } = context;
  const redact = createRedactFrom(options);
  const chainOnly = pid !== null && options.ancestors && !options.descendants;
  const processes = orExplain(procRoot, () => {
    if (chainOnly) return takeSnapshot(readProcesses(reader, [pid]), redact, boot);
    const pids = reader.pids();
    const users = options.kernel ? pids : withoutKernelThreads(reader, pids);
    const all = options.kernel || (pid !== null && !users.includes(pid));
    return takeSnapshot(readProcesses(reader, all ? pids : users), redact, boot);
  });
  if (processes.length === 0 && pid === null) {
    const what = `Cannot read ${procRoot}: it shows no process`;
    throw new CommandError(EXIT.failed, `${what}; mount it: mount -t proc proc ${procRoot}`);
  }
  return processes;
}

function whyMissing(procRoot: string, reader: ProcReader, pid: number): CommandError {
  const tgid = orExplain(procRoot, () => readProcess(reader, pid))?.tgid ?? pid;
  return tgid === pid
    ? noProcess(pid, `it is not in ${procRoot}; it has ended, or is hidden from you`)
    : noProcess(pid, `it is a thread of ${tgid}; try fh tree ${tgid}`);
}

function orExplain<T>(procRoot: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ProcError)) throw error;
    const advice = error.code === "EMFILE" || error.code === "ENFILE"
      ? "raise the limit of open files"
      : `check that procfs is mounted on ${procRoot} and readable`;
    throw new CommandError(EXIT.failed, `${error.message}; ${advice}`);
  }
}
