/**
 * Work on a file that may take long: it stops now and then, for others to look around.
 *
 * @module
 */

/** Work that pauses at each `yield`, and returns its result. */
export type Steps<Result> = Generator<void, Result>;

/** Rows between two pauses. */
export const STEP_ROWS = 1000;

/** Does work without pauses. */
export function finish<Result>(steps: Steps<Result>): Result {
  while (true) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}
