/**
 * Command lines by which runs are compared: without what is different each time.
 *
 * `%` stands for what is made up in names of files, numbers of processes, ids, hashes and times;
 * paths below the folder in which the run began begin with a point.
 *
 * @module
 */
import { ANY, withoutMadeUp } from "./generated_names.ts";
import { type Kin, NONE } from "./kin.ts";
import type { SpanImage, Spans } from "./span.ts";
import { commandOf } from "./words.ts";

/** So far up a number may be that of a process: `$$` of a script stands in what that starts. */
const ANCESTORS = 8;

const UUID = /\b[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}\b/gi;
const TIME = /\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?/g;
/** Digits and letters both; a word or a number of less may mean something. */
const HASH = /\b(?=[a-f]*\d)(?=\d*[a-f])[\da-f]{12,}\b/g;
/** Seconds since the Unix epoch have ten digits. */
const LONG_NUMBER = /\b\d{9,}\b/g;
const NUMBER = /\b\d{2,}\b/g;

/** The keys of the processes of one run. */
export class CommandKeys {
  readonly #spans: Spans;
  readonly #parent: Int32Array;
  readonly #folder: string | null;
  readonly #texts = new Map<SpanImage, string>();

  /** `kin` is of the same spans, `root` the place of the first process, or {@linkcode NONE}. */
  constructor(spans: Spans, { parent }: Kin, root: number) {
    this.#spans = spans;
    this.#parent = parent;
    const folder = root === NONE ? null : spans.spans[root]!.image.cwd;
    this.#folder = folder === null || folder === "/" ? null : folder;
  }

  /** The key of the process at a place. */
  of(place: number): string {
    const text = this.#textOf(this.#spans.spans[place]!.image);
    return text.replace(NUMBER, (number) => this.#isNear(Number(number), place) ? ANY : number);
  }

  #textOf(image: SpanImage): string {
    let text = this.#texts.get(image);
    if (text === undefined) {
      text = image.argv === null || image.argv.length === 0
        ? `[${image.name ?? "?"}]`
        : commandOf({ ...image, argv: image.argv.map((word) => this.#plain(word)), argvMore: 0 });
      this.#texts.set(image, text);
    }
    return text;
  }

  #plain(word: string): string {
    return withoutMadeUp(this.#below(word))
      .replace(UUID, ANY)
      .replace(TIME, ANY)
      .replace(HASH, ANY)
      .replace(LONG_NUMBER, ANY);
  }

  #below(word: string): string {
    const folder = this.#folder;
    if (folder === null || !word.includes(folder)) return word;
    return word === folder ? "." : word.replaceAll(`${folder}/`, "./");
  }

  /** Whether a number is the pid of the process or of one above it. */
  #isNear(number: number, place: number): boolean {
    for (let at = place, up = 0; at !== NONE && up <= ANCESTORS; at = this.#parent[at]!, up++) {
      if (this.#spans.spans[at]!.pid === number) return true;
    }
    return false;
  }
}
