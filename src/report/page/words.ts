/**
 * Command lines as numbers of words: most words of a build are in many of its command lines.
 *
 * @module
 */

/** Words that came first are the common ones; they have numbers of their own. */
const FIRST = 120;
const NEW = 0;

/** Words told by how they differ from the one before: paths have long beginnings in common. */
export interface FoldedWords {
  /** Characters of the beginning that it shares with the one before. */
  readonly shared: readonly number[];
  /** What follows. */
  readonly rests: readonly string[];
}

/** Folds words; {@linkcode unfoldWords} undoes it. */
export function foldWords(words: readonly string[]): FoldedWords {
  const shared = words.map((word, at) => {
    const before = words[at - 1] ?? "";
    let length = 0;
    while (length < word.length && word[length] === before[length]) length++;
    return length;
  });
  return { shared, rests: words.map((word, at) => word.slice(shared[at])) };
}

/** The words. */
export function unfoldWords(shared: ArrayLike<number>, rests: readonly string[]): string[] {
  let before = "";
  return rests.map((rest, at) => before = before.slice(0, shared[at]!) + rest);
}

/** A command line, and the places of its words. */
interface Written {
  readonly argv: readonly string[];
  readonly places: readonly number[];
}

/** Gives numbers to words in the order in which they come. */
export class WordWriter {
  readonly words: string[] = [];
  readonly refs: number[] = [];
  readonly #places = new Map<string, number>();
  /** The last command line of each name: most words of the next one stand in the same places. */
  readonly #last = new Map<string | null, Written>();

  /** Adds the words of a command line. */
  add(argv: readonly string[], name: string | null): void {
    const last = this.#last.get(name);
    const places = new Array<number>(argv.length);
    for (let at = 0; at < argv.length; at++) {
      const word = argv[at]!;
      const place = last !== undefined && last.argv[at] === word
        ? last.places[at]!
        : this.#places.get(word);
      places[at] = this.#write(word, place);
    }
    this.#last.set(name, { argv, places });
  }

  #write(word: string, place: number | undefined): number {
    if (place !== undefined) {
      this.refs.push(place < FIRST ? 1 + place : FIRST + this.words.length - place);
      return place;
    }
    this.refs.push(NEW);
    const next = this.words.push(word) - 1;
    this.#places.set(word, next);
    return next;
  }
}

/** The places of words that numbers stand for. */
export function placesOf(refs: ArrayLike<number>): Uint32Array {
  const places = new Uint32Array(refs.length);
  let count = 0;
  for (let at = 0; at < refs.length; at++) {
    const ref = refs[at]!;
    if (ref === NEW) places[at] = count++;
    else places[at] = ref <= FIRST ? ref - 1 : count + FIRST - ref;
  }
  return places;
}
