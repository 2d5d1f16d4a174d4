/**
 * Where something comes next in a text that is gone through from left to right.
 *
 * @module
 */

/** Answers for places that only grow, so that no part of the text is looked at twice. */
export class NextOf {
  readonly #text: string;
  readonly #what: RegExp;
  #from = 0;
  #at = -1;

  /** `what` is looked for in `text`; a global expression that belongs to this alone. */
  constructor(text: string, what: RegExp) {
    this.#text = text;
    this.#what = what;
  }

  /** Where it comes next at `from` or behind; the end of the text where it does not. */
  after(from: number): number {
    if (this.#at >= from && this.#from <= from) return this.#at;
    this.#what.lastIndex = from;
    const match = this.#what.exec(this.#text);
    this.#from = from;
    this.#at = match === null ? this.#text.length : match.index;
    return this.#at;
  }
}
