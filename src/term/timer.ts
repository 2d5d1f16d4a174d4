/**
 * Timers for any length of time: setTimeout() takes 2^31 - 1 ms at most, 24.8 days.
 *
 * @module
 */
const STEP_MS_MAX = 2 ** 31 - 1;

/** Calls `then` after `ns` nanoseconds; the answer takes it back. */
export function after(ns: number, then: () => void): () => void {
  let left = ns / 1e6;
  let timer: ReturnType<typeof setTimeout>;
  const step = () => {
    if (left <= 0) return then();
    const ms = Math.min(left, STEP_MS_MAX);
    left -= ms;
    timer = setTimeout(step, ms);
  };
  step();
  return () => clearTimeout(timer);
}
