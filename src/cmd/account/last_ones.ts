/**
 * The end of something of which nobody knows how long it is.
 *
 * @module
 */

/** The last so many of what is added. */
export class LastOnes<One> {
  readonly #most: number;
  readonly #ring: One[] = [];
  #added = 0;

  /** `most` is at least 1. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Adds one; the oldest makes way. */
  add(one: One): void {
    this.#ring[this.#added++ % this.#most] = one;
  }

  /** What is left, in the order in which it was added. */
  all(): readonly One[] {
    if (this.#added <= this.#most) return this.#ring;
    const oldest = this.#added % this.#most;
    return [...this.#ring.slice(oldest), ...this.#ring.slice(0, oldest)];
  }
}
