/**
 * All processes as /proc shows them, with the lines between them closed.
 *
 * @module
 */
import { type ProcessRecord, type ProcReader, readProcess as readTask } from "./procfs.ts";
import { isKernelThread, parseStat } from "./stat.ts";

/** The parent of all kernel threads, in the initial pid namespace: init/main.c rest_init(). */
const KTHREADD = 2;
/** How often a process is read again whose parents end one after the other. */
const READS_MAX = 100;
const decoder = new TextDecoder();

/** Reads one process; null when it has vanished, may not be seen, or is a thread of another. */
function readProcess(reader: ProcReader, pid: number): ProcessRecord | null {
  const record = readTask(reader, pid);
  return record === null || (record.tgid ?? pid) !== pid ? null : record;
}

/**
 * Reads the processes with `pids` and their ancestors; what vanishes meanwhile, or is hidden, is
 * left out. A process whose parent cannot be found keeps that parent's pid.
 */
export function readProcesses(reader: ProcReader, pids: Iterable<number>): ProcessRecord[] {
  const records = new Map<number, ProcessRecord>();
  for (const pid of pids) {
    const record = readProcess(reader, pid);
    if (record !== null) records.set(pid, record);
  }
  // A Map gives what is added while it is gone through, so added parents get theirs too.
  for (const { pid } of records.values()) findParent(reader, records, pid);
  return [...records.values()];
}

/**
 * Pids without those of kernel threads, which on a quiet host are most of them, and whose names
 * seldom are what is asked for. Where /proc does not tell (CONFIG_PROC_CHILDREN), all stay. A
 * program that the kernel starts without waiting for its end is a child of kthreadd, too
 * (CLONE_PARENT in kernel/umh.c).
 */
export function withoutKernelThreads(reader: ProcReader, pids: readonly number[]): number[] {
  if (!isKernel(reader, KTHREADD)) return [...pids];
  const children = reader.read(KTHREADD, `task/${KTHREADD}/children`);
  if (children === null) return [...pids];
  const below = new Set(decoder.decode(children).split(" ").map(Number));
  return pids.filter((pid) => pid !== KTHREADD && !(below.has(pid) && isKernel(reader, pid)));
}

function isKernel(reader: ProcReader, pid: number): boolean {
  const line = reader.read(pid, "stat");
  const stat = line === null ? null : parseStat(line);
  return stat !== null && isKernelThread(stat);
}

/** A parent may have started since the pids were listed, or ended and left its child to another. */
function findParent(
  reader: ProcReader,
  records: Map<number, ProcessRecord>,
  pid: number,
): void {
  for (let reads = 0; reads < READS_MAX; reads++) {
    const { ppid } = records.get(pid)!;
    if (ppid === 0 || records.has(ppid)) return;
    const parent = readProcess(reader, ppid);
    if (parent !== null) {
      records.set(ppid, parent);
      return;
    }
    const again = readProcess(reader, pid);
    if (again === null || again.ppid === ppid) return;
    records.set(pid, again);
  }
}
