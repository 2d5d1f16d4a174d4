/**
 * What `fh tree` does: reads /proc, builds the forest, draws what was asked for.
 *
 * @module
 */
import type { BootEpoch } from "../model/batch.ts";
import { decodeText } from "../model/image.ts";
import { takeSnapshot } from "../model/snapshot.ts";
import { buildForest, type Forest } from "../model/tree.ts";
import { readProcesses, withoutKernelThreads } from "../proc/processes.ts";
import { openProcfs, ProcError, type ProcReader, readProcess } from "../proc/procfs.ts";
import { readShortBootId } from "../proc/boot_id.ts";
import { parseUptime } from "../proc/uptime.ts";
import { openUsers } from "../proc/users.ts";
import { renderTree } from "../view/tree.ts";
import { treeJson } from "../view/tree_json.ts";
import { CommandError, type Context, EXIT, UsageError } from "./command.ts";
import { chooseRoots, noProcess, type TreeOptions, treeStyle } from "./tree_options.ts";
import { parsePid } from "./values.ts";

/** Runs the command; the exit status comes back. */
export async function runTree(
  context: Context,
  operands: readonly string[],
  given: Readonly<Record<string, unknown>>,
): Promise<number> {
  const options: TreeOptions = given;
  const [text] = operands;
  const pid = text === undefined ? null : parsePid(text);
  checkOptions(pid, options, context);
  const reader = openProcfs(context.procRoot);
  if (options.watch) {
    if (pid !== null) readForest(context, reader, pid, { ancestors: true });
    const { TreeWatch } = await import("./tree_watch.ts");
    return await new TreeWatch(context, reader, pid, options).run();
  }
  const forest = readForest(context, reader, pid, options);
  const roots = chooseRoots(forest, pid, options);
  const { stdout } = context;
  if (options.json) {
    const users = openUsers();
    const json = { boot: readShortBootId(reader), epoch: readEpoch(reader), users };
    for (const root of roots) for (const piece of treeJson(root, json)) stdout.write(piece);
  } else {
    const focus = pid === null ? null : forest.find(pid)!.process;
    const style = treeStyle(context, options, focus);
    stdout.write(renderTree(roots, style).map((line) => `${line}\n`).join(""));
  }
  return EXIT.done;
}

function checkOptions(pid: number | null, options: TreeOptions, context: Context): void {
  const { ancestors, descendants, watch, json, keep } = options;
  if (pid === null && (ancestors || descendants)) {
    const name = ancestors ? "--ancestors" : "--descendants";
    throw new UsageError(`Missing pid: ${name} tells what to show of a process; give its pid`);
  }
  if (keep !== undefined && !watch) {
    throw new UsageError("Bad option: --keep; it means something together with --watch only");
  }
  if (!watch) return;
  if (json) {
    throw new UsageError("Bad options: --watch with --json; for a stream use fh watch --json");
  }
  if (!context.stdout.isTerminal || context.env["TERM"] === "dumb") {
    throw new UsageError(
      "Bad option: --watch; it needs a terminal as standard output, for a stream use fh watch",
    );
  }
}

function readForest(
  context: Context,
  reader: ProcReader,
  pid: number | null,
  options: TreeOptions,
): Forest {
  const { procRoot } = context;
  const chainOnly = pid !== null && options.ancestors && !options.descendants;
  const processes = orExplain(procRoot, () => {
    if (chainOnly) return takeSnapshot(readProcesses(reader, [pid]));
    const pids = reader.pids();
    const users = options.kernel ? pids : withoutKernelThreads(reader, pids);
    const all = options.kernel || (pid !== null && !users.includes(pid));
    return takeSnapshot(readProcesses(reader, all ? pids : users));
  });
  if (processes.length === 0 && pid === null) {
    const what = `Cannot read ${procRoot}: it shows no process`;
    throw new CommandError(EXIT.failed, `${what}; mount it: mount -t proc proc ${procRoot}`);
  }
  const forest = buildForest(processes);
  if (pid !== null && forest.find(pid) === null) throw whyMissing(procRoot, reader, pid);
  return forest;
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

/** Wall-clock time of boot, 10 ms more or less; null where /proc/uptime is hidden. */
function readEpoch(reader: ProcReader): BootEpoch | null {
  const bytes = reader.read(null, "uptime");
  const uptimeMs = bytes === null ? null : parseUptime(decodeText(bytes));
  if (uptimeMs === null) return null;
  const bootMs = Date.now() - uptimeMs;
  return { seconds: Math.floor(bootMs / 1000), ns: (bootMs % 1000) * 1e6 };
}
