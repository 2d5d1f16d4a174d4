/**
 * Clock ticks, which ids are made of.
 *
 * @module
 */

/** USER_HZ is 100 on all platforms that fh runs on. */
const TICK_US = 10_000;

/** Ticks before a moment, microseconds. */
export function ticksOf(us: number): number {
  return Math.floor(us / TICK_US);
}
