/**
 * The line VmHWM of /proc/PID/status, proc_pid_status(5): the largest resident size so far.
 *
 * @module
 */
import { decimalAt, lineKey, valueAfter } from "./scan.ts";

const SPACE = 32;
const TAB = 9;
const VM_HWM = lineKey("VmHWM:\t");

/**
 * KiB in the first `length` bytes; null where there is no such line: a zombie and a kernel thread
 * have no memory.
 */
export function peakKibOf(bytes: Uint8Array, length: number): number | null {
  let at = valueAfter(bytes, length, VM_HWM);
  if (at < 0) return null;
  // The kernel pads it on the left.
  while (at < length && (bytes[at] === SPACE || bytes[at] === TAB)) at++;
  const kib = decimalAt(bytes, at, length, SPACE);
  return kib < 0 ? null : kib;
}
