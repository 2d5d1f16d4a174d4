/**
 * The time since boot, from the kernel's clock: /proc/uptime may be a container's, which began
 * later than what /proc/PID/stat counts from.
 *
 * @module
 */
import { CLOCK } from "../../ffi/linux.ts";
import { openLibc } from "../../ffi/mod.ts";

const NS = 1_000_000_000;

/** Two clocks read together. */
export interface BootMoment {
  /** CLOCK_BOOTTIME: nanoseconds since boot, suspend included. */
  readonly now: number;
  /** What has to be added to it for the wall clock: whole seconds, and nanoseconds beyond. */
  readonly epoch: { readonly seconds: number; readonly ns: number };
}

/** Reads both clocks. */
export async function bootMoment(): Promise<BootMoment> {
  const libc = await openLibc();
  const now = libc.clockGettime(CLOCK.BOOTTIME);
  const wall = libc.clockRealtime();
  const seconds = wall.seconds - Math.floor(now / NS);
  const ns = wall.ns - now % NS;
  const epoch = ns < 0 ? { seconds: seconds - 1, ns: ns + NS } : { seconds, ns };
  return { now, epoch };
}
