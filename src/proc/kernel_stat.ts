/**
 * /proc/stat, proc_stat(5): counters of the whole kernel. Looked through from the end, because
 * the line of interrupts before the wanted ones can be many KiB long.
 *
 * @module
 */
import { decimalAt, lineKey, valueAfterLast } from "./scan.ts";

const NEWLINE = 10;
const PROCESSES = lineKey("processes ");
const BTIME = lineKey("btime ");

function counterOf(bytes: Uint8Array, length: number, key: Uint8Array): number {
  const at = valueAfterLast(bytes, length, key);
  return at < 0 ? -1 : decimalAt(bytes, at, length, NEWLINE);
}

/** Processes and threads made since boot, on the whole host; -1 when absent or cut. */
export function processesOf(bytes: Uint8Array, length: number): number {
  return counterOf(bytes, length, PROCESSES);
}

/** Seconds from the Unix epoch to boot; -1 when absent or cut. */
export function bootTimeOf(bytes: Uint8Array, length: number): number {
  return counterOf(bytes, length, BTIME);
}
