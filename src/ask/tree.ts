/**
 * The question of `tree`: who started whom, now or in the past, out of /proc and a history.
 *
 * @module
 */
import { CommandError, EXIT } from "../fault.ts";
import type { Process } from "../model/process.ts";
import { takeSnapshot } from "../model/snapshot.ts";
import { buildForest, onlySeen, type TreeNode } from "../model/tree.ts";
import { readProcesses, withoutKernelThreads } from "../proc/processes.ts";
import { ProcError, readProcess } from "../proc/procfs.ts";
import type { Asking } from "./asking.ts";
import { familyOf } from "./here.ts";
import { findNamed } from "./named.ts";
import { noHistory, noProcess } from "./not_found.ts";
import { noteNoHistory, notePids } from "./notes.ts";
import type { Missing } from "./store.ts";
import type { Asked, Target } from "./text/target.ts";
import type { Shown, TreeTime } from "./tree_past.ts";
import { chooseRoots, type TreeQuery } from "./tree_query.ts";
import { maySee } from "./viewer.ts";

/** The trees that were asked for. */
export interface TreeAnswer {
  readonly roots: readonly TreeNode[];
  /** The process that was asked for. */
  readonly focus: Process | null;
  /** What is not known of its time. */
  readonly missing: readonly Missing[];
  /** The time that was asked for. */
  readonly time: TreeTime;
}

const NOW: TreeTime = { since: null, until: null, asOf: null };

/** The trees of all processes, or of one; throws CommandError where that is not there. */
export async function askTree(
  asking: Asking,
  asked: Asked | null,
  query: TreeQuery,
): Promise<TreeAnswer> {
  const { viewer, notes, store } = asking;
  const { forest, focus, missing = [], time = NOW } = await show(asking, asked, query);
  if (focus !== null && !maySee(viewer, focus.uid)) {
    throw noProcess(focus.pid, "it is none that you may see; give one of your own");
  }
  const roots = chooseRoots(forest, focus && forest.nodeOf(focus), query);
  notePids(notes, asking.reader);
  const sees = ({ uid }: Process) => maySee(viewer, uid);
  const shown = viewer.privileged ? roots : onlySeen(roots, sees);
  if (store.past === null) noteOrphans(asking, shown);
  return { roots: shown, focus, missing, time };
}

/** Notes who is drawn below a parent that has not forked it: a history would know who has. */
function noteOrphans({ notes, historyPlace }: Asking, roots: readonly TreeNode[]): void {
  const nodes = [...roots];
  for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
    if (node.process.adopted) {
      return noteNoHistory(notes, "some of these are orphans, of unknown parents", historyPlace);
    }
    for (const child of node.children) nodes.push(child);
  }
}

async function show(
  asking: Asking,
  asked: Asked | null,
  query: TreeQuery,
): Promise<Shown> {
  const { store: { past }, historyPlace } = asking;
  if (query.at !== undefined || query.since !== undefined || query.until !== undefined) {
    if (past === null) throw noHistory(historyPlace);
    const { pastForest } = await import("./tree_past.ts");
    return pastForest(asking, past, asked, query);
  }
  if (asked === null && past?.isElsewhere) {
    const { shippedForest } = await import("./tree_past.ts");
    return await shippedForest(asking, past, query);
  }
  const target = typeof asked === "string" ? await targetOf(asking, asked, query) : asked;
  if (past !== null) {
    const { withPast } = await import("./tree_past.ts");
    const living = readSnapshot(asking, target?.pid ?? null, query);
    return await withPast(asking, living, target, query);
  }
  if (target === null) {
    const forest = buildForest(readSnapshot(asking, null, query));
    return { forest, focus: null };
  }
  if (target.at !== null || target.id !== null) throw noHistory(historyPlace);
  return findLiving(asking, target.pid, query);
}

/** The process that has a name now, or had it last. */
export async function targetOf(asking: Asking, name: string, query: TreeQuery): Promise<Target> {
  const living = readSnapshot(asking, null, query);
  const family = familyOf(asking, living);
  const found = await findNamed(asking, family, living, name);
  // Where nothing is remembered a pid is as good as an id.
  const id = asking.store.past === null ? null : (family.known(found) ?? found).id;
  return { pid: found.pid, at: null, id };
}

/** A process that runs; throws CommandError where none does. */
export function findLiving(asking: Asking, pid: number, query: TreeQuery): Shown {
  const forest = buildForest(readSnapshot(asking, pid, query));
  const node = forest.find(pid);
  if (node === null) throw whyMissing(asking, pid);
  return { forest, focus: node.process };
}

function readSnapshot(asking: Asking, pid: number | null, query: TreeQuery): Process[] {
  const { procRoot, reader, boot, redact, store } = asking;
  const chainOnly = pid !== null && query.ancestors && !query.descendants;
  const processes = orExplain(procRoot, () => {
    if (chainOnly) return takeSnapshot(readProcesses(reader, [pid]), redact, boot);
    const pids = reader.pids();
    const users = query.kernel ? pids : withoutKernelThreads(reader, pids);
    const all = query.kernel || (pid !== null && !users.includes(pid));
    return takeSnapshot(readProcesses(reader, all ? pids : users), redact, boot);
  });
  if (processes.length === 0 && pid === null && !store.isElsewhere) {
    const what = `Cannot read ${procRoot}: it shows no process`;
    throw new CommandError(EXIT.failed, `${what}; mount it: mount -t proc proc ${procRoot}`);
  }
  return processes;
}

function whyMissing({ procRoot, reader }: Asking, pid: number): CommandError {
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
