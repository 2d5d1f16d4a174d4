/**
 * Shell scripts in one word, such as `sh -c` gets: which commands and words there are in them.
 *
 * This is no shell: where quotes do not pair up, they are taken as they are, and whatever else has
 * spaces in it can be read as a script without harm.
 *
 * @module
 */

/** A word of a text; quotes around all of it are not part of it. */
export interface Word {
  readonly start: number;
  readonly end: number;
}

/** A command of a script. */
export interface ScriptCommand {
  readonly words: readonly Word[];
  /** The next command reads what this one writes. */
  readonly piped: boolean;
}

/** Scripts in quotes in scripts in quotes are read so deep. */
const DEPTH_MAX = 3;
const SPACE = /\s/;
/** What ends a command; `&` also in `2>&1`, which does no harm. */
const ENDS = new Set("\n;|&()`");

/** The commands from `start` to `end`, and those in quoted words that have spaces in them. */
export function readScript(text: string, start: number, end: number): ScriptCommand[] {
  const commands: ScriptCommand[] = [];
  read(text, { start, end }, commands, 0, false);
  return commands;
}

/** Whether there is more than one word in a text. */
export function hasSpace(text: string): boolean {
  return SPACE.test(text);
}

function read(
  text: string,
  script: Word,
  commands: ScriptCommand[],
  depth: number,
  escaped: boolean,
): void {
  let words: Word[] = [];
  let begin = -1;
  const endWord = (at: number) => {
    if (begin >= 0) words.push(withoutQuotes(text, begin, at, escaped));
    begin = -1;
  };
  const endCommand = (piped: boolean) => {
    if (words.length > 0) commands.push({ words, piped });
    words = [];
  };
  const quotes = new Quotes(text, script.end);
  for (let at = script.start; at < script.end; at++) {
    const character = text[at]!;
    if (ENDS.has(character)) {
      endWord(at);
      endCommand(character === "|" && text[at + 1] !== "|");
      continue;
    }
    if (SPACE.test(character)) {
      endWord(at);
      continue;
    }
    if (begin < 0) begin = at;
    const close = quotes.closeOf(at, escaped);
    if (close >= 0) {
      const inside = { start: at + quoteLength(text, at), end: close };
      if (depth < DEPTH_MAX && hasSpace(text.slice(inside.start, inside.end))) {
        read(text, inside, commands, depth + 1, character === '"');
      }
      at = close + quoteLength(text, at) - 1;
    } else if (character === "\\") {
      at++;
    }
  }
  endWord(script.end);
  endCommand(false);
}

/** `"` and `'` take one character, the `\"` of a script in double quotes two. */
function quoteLength(text: string, at: number): number {
  return text[at] === "\\" ? 2 : 1;
}

function withoutQuotes(text: string, start: number, end: number, escaped: boolean): Word {
  const length = quoteLength(text, start);
  const close = new Quotes(text, end).closeOf(start, escaped);
  return close < 0 || close !== end - length
    ? { start, end }
    : { start: start + length, end: close };
}

/** Finds the other one of a pair; looks for what is not there only once. */
class Quotes {
  readonly #text: string;
  readonly #end: number;
  readonly #missing = new Set<string>();

  constructor(text: string, end: number) {
    this.#text = text;
    this.#end = end;
  }

  /** Where the quote that closes the one at `at` stands; -1 where there is none, or no quote. */
  closeOf(at: number, escaped: boolean): number {
    const text = this.#text;
    const quote = escaped && text[at] === "\\" && text[at + 1] === '"' ? '\\"' : text[at]!;
    if ((quote !== "'" && quote !== '"' && quote !== '\\"') || this.#missing.has(quote)) return -1;
    for (let close = at + quote.length; close < this.#end; close++) {
      if (text.startsWith(quote, close)) return close;
      if (quote === '"' && text[close] === "\\") close++;
    }
    this.#missing.add(quote);
    return -1;
  }
}
