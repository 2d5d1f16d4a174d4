/**
 * The clock of a thread's own work.
 *
 * @module
 */
import { CLOCK } from "../../ffi/linux.ts";
import { openLibc } from "../../ffi/mod.ts";

const NS_PER_MS = 1_000_000;

/**
 * Opens a clock that gives what the calling thread has worked so far, in milliseconds: it stands
 * still while the thread sleeps, and while others have its CPU (clock_gettime(2),
 * CLOCK_THREAD_CPUTIME_ID).
 */
export async function openThreadClock(): Promise<() => number> {
  const libc = await openLibc();
  return () => libc.clockGettime(CLOCK.THREAD_CPUTIME_ID) / NS_PER_MS;
}
