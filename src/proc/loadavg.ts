/**
 * /proc/loadavg, proc_loadavg(5): `0.08 0.02 0.01 1/86 3577`.
 *
 * @module
 */
import { decimalAt } from "./scan.ts";

const SPACE = 32;
const NEWLINE = 10;

/**
 * The id that was given last to a process or thread of the reader's pid namespace: the fifth
 * field of the first `length` bytes; -1 when they are malformed or cut.
 */
export function lastPidOf(bytes: Uint8Array, length: number): number {
  let spaces = 0;
  for (let at = 0; at < length; at++) {
    if (bytes[at] === SPACE && ++spaces === 4) return decimalAt(bytes, at + 1, length, NEWLINE);
  }
  return -1;
}
