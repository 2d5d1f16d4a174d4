/**
 * Whose pids /proc shows, pid_namespaces(7): that of another pid namespace names other processes
 * than the caller's own numbers do (`unshare --pid` without another /proc, or a host's /proc in a
 * container).
 *
 * @module
 */
import type { ProcReader } from "./procfs.ts";
import { parseStat } from "./stat.ts";

/** Whether the reader's own process has that `pid` there; true where it is not shown at all. */
export function hasOwnNumbering(reader: ProcReader, pid: number): boolean {
  const bytes = reader.read("self", "stat");
  const stat = bytes && parseStat(bytes);
  return stat === null || stat.pid === pid;
}
