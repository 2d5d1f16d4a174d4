/**
 * /proc/uptime, proc_uptime(5): seconds since boot, suspend included (CLOCK_BOOTTIME).
 *
 * @module
 */

/** Milliseconds since boot, a multiple of 10; null when the text is malformed. */
export function parseUptime(text: string): number | null {
  const match = /^(\d{1,12})\.(\d\d) /.exec(text);
  return match === null ? null : Number(match[1]) * 1000 + Number(match[2]) * 10;
}
