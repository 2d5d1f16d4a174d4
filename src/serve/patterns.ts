/**
 * Patterns of others: matched by RE2, in bounded time and memory.
 *
 * Whoever may connect chooses the patterns: a regular expression that backtracks could stop the
 * server for hours, one that repeats repeats could take all memory before it is compiled.
 *
 * @module
 */
import { RE2JS, RE2Set } from "re2js";
import { UsageError } from "../fault.ts";
import { PATTERN_LIMITS } from "./limits.ts";

const { textLength, count, expanded, instructions, automatonBytes, instructionBytes } =
  PATTERN_LIMITS;

/** What a Unicode class weighs: its table has some hundred ranges. */
const CLASS_WEIGHT = 64;

/** Patterns of one kind, any of which is to match: one automaton for all of them. */
export interface PatternSet {
  /** Memory that it may take, in bytes. */
  readonly bytes: number;
  test(text: string): boolean;
}

/** What the patterns of one filter may take together; each kind of them is compiled in turn. */
export class PatternRoom {
  #expanded = 0;
  #instructions = 0;
  /** Memory that what was compiled may take, in bytes. */
  bytes = 0;

  /**
   * Compiles regular expressions in RE2's syntax, `flags` before each of them. Throws UsageError
   * where one is malformed, or they are too large, which is known before they are compiled.
   */
  compile(sources: readonly string[], flags: string, textMax: number): PatternSet {
    for (const source of sources) this.#measure(source);
    try {
      const set = new RE2Set(RE2Set.UNANCHORED, 0, automatonBytes);
      for (const source of sources) {
        this.#instructions += RE2JS.compile(flags + source).programSize();
        if (this.#instructions > instructions) throw tooLarge();
        set.add(flags + source);
      }
      set.compile();
      const bytes = automatonBytes + set.prog.numInst() * instructionBytes;
      this.bytes += bytes;
      return { bytes, test: (text) => set.match(text.slice(0, textMax)).length > 0 };
    } catch (error) {
      if (error instanceof UsageError) throw error;
      throw new UsageError(`Bad pattern: ${(error as Error).message}; see RE2's syntax`);
    }
  }

  /** Throws UsageError where a pattern is too long to be looked at. */
  admit(text: string): void {
    if (text.length <= textLength) return;
    throw new UsageError(`Bad pattern: larger than ${textLength} characters; give a smaller one`);
  }

  #measure(source: string): void {
    this.admit(source);
    if (countedRepeats(source) > count) {
      throw new UsageError(`Bad pattern: repeats of more than ${count} in all; give fewer`);
    }
    this.#expanded += expandedSize(source);
    if (this.#expanded > expanded) throw tooLarge();
  }
}

/**
 * What a pattern can become, at most: as if all of it were in all its counted repeats, which are
 * copies. An upper bound that takes no parser.
 */
export function expandedSize(source: string): number {
  const classes = source.match(/\\[pP]/g)?.length ?? 0;
  return (source.length + classes * CLASS_WEIGHT) * countedRepeats(source);
}

/** How many copies the counted repeats of a pattern can make, as if all were in one another. */
function countedRepeats(source: string): number {
  let copies = 1;
  for (const [, low, high] of source.matchAll(/\{(\d+)(?:,(\d*))?\}/g)) {
    copies *= Math.max(1, Number(low), Number(high || 0));
  }
  return copies;
}

function tooLarge(): UsageError {
  return new UsageError("Bad patterns: too large all together; give fewer, or smaller ones");
}
