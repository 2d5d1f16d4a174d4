/**
 * All processes as /proc shows them, with the lines between them closed.
 *
 * @module
 */
import { type ProcessRecord, type ProcReader, readProcess } from "./procfs.ts";

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

/** A parent may have started since the pids were listed, or have ended and left its child to another. */
function findParent(
  reader: ProcReader,
  records: Map<number, ProcessRecord>,
  pid: number,
): void {
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
  if (!records.has(again.ppid)) findParent(reader, records, pid);
}
