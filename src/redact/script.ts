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
  /** What reads what this one writes: the next of a pipe, or the one before whose file it is. */
  reader: ScriptCommand | null;
}

/** Scripts in quotes in scripts in quotes are read so deep. */
const DEPTH_MAX = 3;
const SPACE = /\s/;
const SPACES = 1;
const ENDS = 2;
const QUOTES = 3;
/** What signs mean; those beyond ASCII are letters. */
const SIGNS = new Uint8Array(128);
for (const sign of " \t\v\f\r") SIGNS[sign.charCodeAt(0)] = SPACES;
// What ends a command; `&` also in `2>&1`, which does no harm.
for (const sign of "\n;|&()`") SIGNS[sign.charCodeAt(0)] = ENDS;
for (const sign of "'\"\\") SIGNS[sign.charCodeAt(0)] = QUOTES;

/**
 * The commands from `start` to `end`, and those in quoted words that have spaces in them, in the
 * order in which they end.
 */
export function readScript(text: string, start: number, end: number): ScriptCommand[] {
  const commands: ScriptCommand[] = [];
  read(text, { start, end }, commands, 0, false);
  return commands;
}

function hasSpace(text: string): boolean {
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
  const pipes = new Pipes();
  const endCommand = (at: number) => {
    const braces = bracesOf(text, words);
    if (braces === "{") {
      words.shift();
      pipes.open(false);
    }
    if (words.length > 0) {
      const command = { words, reader: null };
      commands.push(command);
      pipes.add(command);
    }
    if (braces === "}") pipes.close();
    words = [];
    const sign = text[at];
    if (sign === "(") pipes.open(text[at - 1] === "<");
    else if (sign === ")") pipes.close();
    else if (sign === "|" && text[at + 1] !== "|" && text[at - 1] !== "|") pipes.pipe();
    else if (sign !== undefined) pipes.end();
  };
  const quotes = new Quotes(text, script.end);
  for (let at = script.start; at < script.end; at++) {
    const sign = SIGNS[text.charCodeAt(at)];
    if (sign === ENDS) {
      endWord(at);
      endCommand(at);
      continue;
    }
    if (sign === SPACES) {
      endWord(at);
      continue;
    }
    if (begin < 0) begin = at;
    if (sign !== QUOTES) continue;
    const close = quotes.closeOf(at, escaped);
    if (close >= 0) {
      const inside = { start: at + quoteLength(text, at), end: close };
      if (depth < DEPTH_MAX && hasSpace(text.slice(inside.start, inside.end))) {
        read(text, inside, commands, depth + 1, text[at] === '"');
      }
      at = close + quoteLength(text, at) - 1;
    } else if (text[at] === "\\") {
      at++;
    }
  }
  endWord(script.end);
  endCommand(script.end);
}

/** The brace that begins a command: a shell takes it for one of a group. */
function bracesOf(text: string, [first]: readonly Word[]): string {
  return first !== undefined && first.end - first.start === 1 ? text[first.start]! : "";
}

/** Says which command reads what another writes; each command is told so once. */
class Pipes {
  /** Commands that nothing reads so far. */
  readonly #writers: ScriptCommand[] = [];
  /** Where the groups that are open begin among the writers, and whose files they are. */
  readonly #groups: { from: number; reader: ScriptCommand | null }[] = [];
  /** From here on the writers are the command that ended last, or the group. */
  #last = 0;
  #ended: ScriptCommand | null = null;
  #isPiped = false;

  /** A command, with all its words. */
  add(command: ScriptCommand): void {
    if (this.#isPiped) {
      for (const writer of this.#writers.splice(this.#last)) writer.reader = command;
    }
    this.#isPiped = false;
    this.#last = this.#writers.length;
    this.#writers.push(command);
    this.#ended = command;
  }

  /** The commands that follow are a group, until it is closed. */
  open(isFile: boolean): void {
    const from = this.#isPiped ? this.#last : this.#writers.length;
    this.#groups.push({ from, reader: isFile ? this.#ended : null });
    this.end();
  }

  /** What comes next reads what all of the group wrote. */
  close(): void {
    const group = this.#groups.pop();
    if (group === undefined) return;
    this.#isPiped = false;
    this.#last = group.from;
    if (group.reader === null) return;
    for (const writer of this.#writers.splice(group.from)) writer.reader = group.reader;
  }

  /** What comes next reads what was written. */
  pipe(): void {
    this.#isPiped = true;
  }

  /** A command ends, unless there was none since the sign of a pipe: that may end a line. */
  end(): void {
    if (!this.#isPiped) this.#last = this.#writers.length;
  }
}

/** `"` and `'` take one character, the `\"` of a script in double quotes two. */
function quoteLength(text: string, at: number): number {
  return text[at] === "\\" ? 2 : 1;
}

function withoutQuotes(text: string, start: number, end: number, escaped: boolean): Word {
  if (SIGNS[text.charCodeAt(start)] !== QUOTES) return { start, end };
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
    let close = text.indexOf(quote, at + quote.length);
    // A quote with a backslash does not close.
    while (quote === '"' && close >= 0 && close < this.#end && isEscaped(text, at, close)) {
      close = text.indexOf(quote, close + 1);
    }
    if (close >= 0 && close < this.#end) return close;
    this.#missing.add(quote);
    return -1;
  }
}

/** Whether an odd number of backslashes stands before `at`, behind `start`. */
function isEscaped(text: string, start: number, at: number): boolean {
  let before = at;
  while (before - 1 > start && text[before - 1] === "\\") before--;
  return (at - before) % 2 === 1;
}
