/**
 * Forks that wait to be told: pairs of numbers in order, in bounded memory.
 *
 * @module
 */

const FIRST_ROOM = 256;

/** A queue of pairs of 32-bit numbers, first in first out. */
export class PairQueue {
  readonly #limit: number;
  /** A ring; its size is a power of two. */
  #pairs = new Int32Array(0);
  #head = 0;
  #length = 0;

  /** `limit`, a power of two, is how many pairs it holds at most. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Pairs that wait. */
  get length(): number {
    return this.#length;
  }

  /** Adds a pair at the end; false, and nothing is added, where there is no room left. */
  push(a: number, b: number): boolean {
    const room = this.#pairs.length / 2;
    if (this.#length === room) {
      if (room >= this.#limit) return false;
      this.#grow();
    }
    const at = 2 * ((this.#head + this.#length) & (this.#pairs.length / 2 - 1));
    this.#pairs[at] = a;
    this.#pairs[at + 1] = b;
    this.#length++;
    return true;
  }

  /** First number of the pair that is next. */
  get first(): number {
    return this.#pairs[2 * this.#head]!;
  }

  /** Second number of the pair that is next. */
  get second(): number {
    return this.#pairs[2 * this.#head + 1]!;
  }

  /** Takes the next pair out. */
  shift(): void {
    this.#head = (this.#head + 1) & (this.#pairs.length / 2 - 1);
    this.#length--;
    // What a long wait has taken is given back.
    if (this.#length === 0) {
      this.#pairs = new Int32Array(0);
      this.#head = 0;
    }
  }

  #grow(): void {
    const room = this.#pairs.length / 2;
    const larger = new Int32Array(2 * Math.max(FIRST_ROOM, 2 * room));
    larger.set(this.#pairs.subarray(2 * this.#head));
    larger.set(this.#pairs.subarray(0, 2 * this.#head), 2 * (room - this.#head));
    this.#pairs = larger;
    this.#head = 0;
  }
}
