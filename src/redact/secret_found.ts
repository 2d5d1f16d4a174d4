/**
 * What of a command line is to be hidden, while it is being looked through.
 *
 * @module
 */

/** What stands where a secret was. */
export const MASK = "***";

/**
 * A command line with more places where a secret may stand is made to keep somebody busy: looking
 * at them takes some milliseconds, and nobody reads what is between them.
 */
export const PLACES_MAX = 1000;

/** There are more than {@linkcode PLACES_MAX}. */
export class TooManyPlaces extends Error {}

/** Places in a text; a word that a place covers in part keeps the rest of it. */
export class Found {
  /** The words, each with a NUL behind it. */
  readonly text: string;
  readonly #places: { start: number; end: number }[] = [];
  #looks = 0;

  /** Nothing is found yet. */
  constructor(text: string) {
    this.text = text;
  }

  /** Counts a place where a secret may stand; throws TooManyPlaces. */
  look(): void {
    if (++this.#looks > PLACES_MAX) throw new TooManyPlaces();
  }

  /** Notes a secret from `start` to before `end`; throws TooManyPlaces. */
  hide(start: number, end: number): void {
    if (start >= end) return;
    this.look();
    this.cover(start, end);
  }

  /** Notes what is to be hidden in any case, from `start` to before `end`. */
  cover(start: number, end: number): void {
    if (start >= end) return;
    const { text } = this;
    // Half a character would not be the same bytes again.
    if (isLowSurrogate(text, start) && start > 0) start--;
    if (isLowSurrogate(text, end)) end++;
    this.#places.push({ start, end });
  }

  /** The text with everything hidden that was found; NULs stay. */
  masked(): string {
    const { text } = this;
    this.#places.sort((a, b) => a.start - b.start);
    let masked = "";
    let at = 0;
    for (let i = 0; i < this.#places.length;) {
      const { start } = this.#places[i]!;
      let { end } = this.#places[i]!;
      while (++i < this.#places.length && this.#places[i]!.start <= end) {
        end = Math.max(end, this.#places[i]!.end);
      }
      masked += text.slice(at, start) + maskWords(text.slice(start, end));
      at = end;
    }
    return at === 0 ? text : masked + text.slice(at);
  }
}

/** The same number of words, each of them hidden. */
export function maskWords(words: string): string {
  return words.replace(/[^\0]+/g, (word) => /^\*+$/.test(word) ? word : MASK);
}

function isLowSurrogate(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) === 0xdc00;
}
