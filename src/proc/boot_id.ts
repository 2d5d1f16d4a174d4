/**
 * /proc/sys/kernel/random/boot_id, random(4): a UUID that is new for each boot.
 *
 * @module
 */
import type { ProcReader } from "./procfs.ts";

const PATH = "sys/kernel/random/boot_id";
const HIDDEN = "00000000-0000-0000-0000-000000000000";

/** The whole id; zeros where it is hidden (subset=pid). */
export function readBootId(reader: ProcReader): string {
  const bytes = reader.read(null, PATH);
  return bytes === null ? HIDDEN : new TextDecoder().decode(bytes).trim();
}

/** Its first group, the part that process ids carry; zeros where it is hidden. */
export function readShortBootId(reader: ProcReader): string {
  return readBootId(reader).slice(0, 8);
}
