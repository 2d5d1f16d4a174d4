/**
 * The last two lines of /proc/PID/status, proc_pid_status(5): context switches of one task.
 *
 * @module
 */
import { decimalAt, lineKey, valueAfterLast } from "./scan.ts";

const NEWLINE = 10;
const VOLUNTARY = lineKey("voluntary_ctxt_switches:\t");
const INVOLUNTARY = lineKey("nonvoluntary_ctxt_switches:\t");

/** How often a task gave up a CPU: because it waited, or because its time was up. */
export interface Switches {
  readonly voluntarySwitches: number;
  readonly involuntarySwitches: number;
}

/** The counts in the first `length` bytes; null when they are malformed or cut. */
export function switchesOf(bytes: Uint8Array, length: number): Switches | null {
  const voluntarySwitches = numberOf(bytes, length, VOLUNTARY);
  const involuntarySwitches = numberOf(bytes, length, INVOLUNTARY);
  if (voluntarySwitches < 0 || involuntarySwitches < 0) return null;
  return { voluntarySwitches, involuntarySwitches };
}

function numberOf(bytes: Uint8Array, length: number, key: Uint8Array): number {
  const at = valueAfterLast(bytes, length, key);
  return at < 0 ? -1 : decimalAt(bytes, at, length, NEWLINE);
}
