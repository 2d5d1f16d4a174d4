/**
 * So many at a time; others wait, in the order in which they came.
 *
 * @module
 */

/** Hands out turns. */
export class Turns {
  readonly #most: number;
  readonly #waitingMost: number;
  readonly #waiting: (() => void)[] = [];
  #taken = 0;

  constructor(most: number, waitingMost: number) {
    this.#most = most;
    this.#waitingMost = waitingMost;
  }

  /** Does something when it is its turn; null where too many wait. */
  take<T>(act: () => Promise<T>): Promise<T> | null {
    if (this.#taken >= this.#most && this.#waiting.length >= this.#waitingMost) return null;
    return this.#run(act);
  }

  async #run<T>(act: () => Promise<T>): Promise<T> {
    if (this.#taken < this.#most) this.#taken++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await act();
    } finally {
      // Who waits longest has the turn that is free now.
      const next = this.#waiting.shift();
      if (next === undefined) this.#taken--;
      else next();
    }
  }
}
