/**
 * /proc/PID/schedstat, Documentation/scheduler/sched-stats.rst: `9626334 148930 3`, the time a task
 * was on a CPU and the time it waited for one, nanoseconds, and how often it got one.
 *
 * @module
 */
import { decimalAt } from "./scan.ts";

const SPACE = 32;
const NEWLINE = 10;

/**
 * Nanoseconds that the task was on a CPU, from the first `length` bytes; -1 when they are
 * malformed or cut. 0 is what kernels say that do not count it (without CONFIG_SCHEDSTATS).
 */
export function cpuTimeOf(bytes: Uint8Array, length: number): number {
  if (length === 0 || bytes[length - 1] !== NEWLINE) return -1;
  return decimalAt(bytes, 0, length, SPACE);
}
