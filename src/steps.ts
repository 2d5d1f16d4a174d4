/**
 * Work that may take long: it stops now and then, for others to look around, and a signal can end
 * it: signals are told between two turns of the event loop only.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import { Stopped } from "./fault.ts";

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

/** How long work goes on before it is looked whether it is to stop. */
const BREATH_MS = 50;

/** Takes a breath now and then. */
export class Breath {
  readonly #signal: AbortSignal;
  readonly #turnMs: number;
  #last = performance.now();

  /** `turnMs` is how long work goes on before others have their turn. */
  constructor(signal: AbortSignal, turnMs: number = BREATH_MS) {
    this.#signal = signal;
    this.#turnMs = turnMs;
  }

  /** Whether the event loop has not turned for a while: asked where waiting would cost too much. */
  get due(): boolean {
    return performance.now() - this.#last >= this.#turnMs;
  }

  /** Lets the event loop turn; the signal may be aborted then. */
  async turn(): Promise<void> {
    await new Promise((resolve) => setImmediate(() => resolve(null)));
    this.#last = performance.now();
  }

  /**
   * Lets the event loop turn if it has not for a while; rejects with {@linkcode Stopped} when the
   * work is to stop.
   */
  async take(): Promise<void> {
    if (this.due) await this.turn();
    if (this.#signal.aborted) throw new Stopped(String(this.#signal.reason));
  }

  /** Does work, breathing at its pauses. */
  async finish<Result>(steps: Steps<Result>): Promise<Result> {
    while (true) {
      const { done, value } = steps.next();
      if (done) return value;
      await this.take();
    }
  }
}

/** Resolves after so many milliseconds (2^31 - 1 at most), or as soon as the signal is aborted. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (signal?.aborted) done();
    else signal?.addEventListener("abort", done);
  });
}
