/**
 * A clock that a test moves.
 *
 * @module
 */
import type { SessionClock } from "../../src/session.ts";

/** What is to be done later is done when {@linkcode FakeClock.pass} comes to it. */
export class FakeClock implements SessionClock {
  #now = 1000;
  #waiting: { readonly at: number; readonly act: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, act: () => void): () => void {
    const one = { at: this.#now + ms, act };
    this.#waiting.push(one);
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== one);
    };
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Lets so many milliseconds pass. */
  pass(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const next = this.#waiting.toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > end) break;
      this.#waiting = this.#waiting.filter((other) => other !== next);
      this.#now = next.at;
      next.act();
    }
    this.#now = end;
  }
}
