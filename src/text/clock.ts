/**
 * Moments in the local time of whoever reads, as pages show them. Without Intl, which takes a
 * browser some 15 ms to load.
 *
 * @module
 */

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** `13:04:54`. */
export function clockOf(moment: Date): string {
  return [moment.getHours(), moment.getMinutes(), moment.getSeconds()].map(two).join(":");
}

/** `2026-11-30`. */
export function dayOf(moment: Date): string {
  return [moment.getFullYear(), moment.getMonth() + 1, moment.getDate()].map(two).join("-");
}
