/**
 * Forks that wait to be told: pairs of numbers in order, in memory that follows their number.
 *
 * @module
 */

/** Pairs in one piece of memory. */
const SEGMENT = 512;
/** Spent segments in front; more are cut off. */
const SPENT_MAX = 64;

/** A queue of pairs of 32-bit numbers, first in first out. */
export class PairQueue {
  #segments: (Int32Array | null)[] = [];
  /** The segment of the next pair, and its place in there. */
  #front = 0;
  #at = 0;
  #length = 0;

  /** Pairs that wait. */
  get length(): number {
    return this.#length;
  }

  /** Adds a pair at the end. */
  push(a: number, b: number): void {
    const place = this.#at + this.#length;
    const index = this.#front + Math.floor(place / SEGMENT);
    const segment = this.#segments[index] ??= new Int32Array(2 * SEGMENT);
    const at = 2 * (place % SEGMENT);
    segment[at] = a;
    segment[at + 1] = b;
    this.#length++;
  }

  /** First number of the pair that is next. */
  get first(): number {
    return this.#segments[this.#front]![2 * this.#at]!;
  }

  /** Second number of the pair that is next. */
  get second(): number {
    return this.#segments[this.#front]![2 * this.#at + 1]!;
  }

  /** Takes the next pair out. */
  shift(): void {
    this.#at++;
    this.#length--;
    if (this.#length === 0) {
      this.#segments = [];
      this.#front = this.#at = 0;
    } else if (this.#at === SEGMENT) {
      // What has been told is given back.
      this.#segments[this.#front++] = null;
      this.#at = 0;
      if (this.#front === SPENT_MAX) {
        this.#segments.splice(0, this.#front);
        this.#front = 0;
      }
    }
  }
}
