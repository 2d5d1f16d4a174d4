/**
 * /proc/self/timens_offsets, time_namespaces(7): what a time namespace adds to the clocks.
 *
 * @module
 */
import type { ProcReader } from "./procfs.ts";

const NS = 1_000_000_000;

/**
 * What CLOCK_MONOTONIC has here beyond the kernel's own, in nanoseconds; 0 outside of time
 * namespaces, and where the kernel knows none.
 */
export function readMonotonicOffset(reader: ProcReader): number {
  const bytes = reader.read(null, "self/timens_offsets");
  const text = bytes === null ? "" : new TextDecoder().decode(bytes);
  const found = /^monotonic\s+(-?\d+)\s+(\d+)$/m.exec(text);
  return found === null ? 0 : Number(found[1]) * NS + Number(found[2]);
}
