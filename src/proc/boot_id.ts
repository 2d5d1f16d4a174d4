/**
 * /proc/sys/kernel/random/boot_id, random(4): a UUID that is new for each boot.
 *
 * @module
 */
import type { ProcReader } from "./procfs.ts";

/** Its first group, the part that process ids carry; zeros where it is hidden (subset=pid). */
export function readShortBootId(reader: ProcReader): string {
  const bytes = reader.read(null, "sys/kernel/random/boot_id");
  return bytes === null ? "00000000" : new TextDecoder().decode(bytes).slice(0, 8);
}
