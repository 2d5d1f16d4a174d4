/**
 * Crontabs: which of their lines has started a command. Users write what stands in theirs, so
 * nothing here takes longer than a line is long.
 *
 * @module
 */
import { MASK } from "../../redact/secret_found.ts";

/** A crontab as a file has it; crontab(5), anacrontab(5). */
export interface Crontab {
  readonly path: string;
  readonly text: string;
  /** Lines of `system` name the user, those of `user` are of one, those of `anacron` of root. */
  readonly form: "system" | "user" | "anacron";
  /** Name of the user whose it is; null where each line names one. */
  readonly user: string | null;
}

/** A line of a crontab. */
export interface CronEntry {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** As it stands there: minutes to days of the week, `@daily`, or period and delay of anacron. */
  readonly schedule: string;
  readonly user: string | null;
}

/** What a process shows of the line that has started it. */
export interface CronCommand {
  /** Its command line; what a recorder has hidden of it is `***`. */
  readonly argv: readonly string[];
  /** Name of its user; null when not known. */
  readonly user: string | null;
}

interface Line {
  readonly entry: CronEntry;
  /** What cron gives to a shell. */
  readonly command: string;
  /** The words of a simple command, for a shell that has become what it runs. */
  readonly words: string;
}

/** Fields of a time: minute, hour, day, month, day of the week; of anacron period and delay. */
const TIMES = { system: 5, user: 5, anacron: 2 } as const;
const VARIABLE = /^[\w"'-]+\s*=/;
const SHELL_COMMAND = /^-\w*c$/;
const BLANK = " \t";

/** The lines of some crontabs, to be looked for. */
export class Crontabs {
  readonly #lines: readonly Line[];

  constructor(crontabs: readonly Crontab[]) {
    this.#lines = crontabs.flatMap((crontab) => [...linesOf(crontab)]);
  }

  /** Those that may have started a command: several where they have the same. */
  find({ argv, user }: CronCommand): CronEntry[] {
    const isShell = SHELL_COMMAND.test(argv[1] ?? "");
    const text = isShell ? argv[2]?.trim() ?? "" : argv.join(" ");
    if (text === "") return [];
    const parts = text.includes(MASK) ? text.split(MASK) : null;
    return this.#lines.flatMap(({ entry, command, words }) => {
      if (user !== null && entry.user !== null && entry.user !== user) return [];
      const own = isShell ? command : words;
      return own === text || (parts !== null && hasParts(own, parts)) ? [entry] : [];
    });
  }
}

/** Whether a text is the parts with something in between. */
function hasParts(text: string, parts: readonly string[]): boolean {
  const [first = "", ...others] = parts;
  const last = others.pop() ?? "";
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of others) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}

function* linesOf({ path, text, form, user }: Crontab): Generator<Line> {
  for (const [at, line] of text.split("\n").entries()) {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#") || VARIABLE.test(trimmed)) continue;
    const fields = new Fields(trimmed);
    const first = fields.next();
    const times = [first];
    const more = first.startsWith("@") ? form === "anacron" ? 1 : 0 : TIMES[form] - 1;
    for (let i = 0; i < more; i++) times.push(fields.next());
    const owner = form === "system" ? fields.next() : user;
    // What anacron calls the job.
    if (form === "anacron") fields.next();
    const command = commandOf(fields.rest());
    if (command === "") continue;
    const schedule = times.join(" ");
    const entry = { file: path, line: at + 1, schedule, user: owner };
    yield { entry, command, words: wordsOf(command) };
  }
}

/** The fields of a line, one after the other. */
class Fields {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  next(): string {
    const from = this.#at;
    while (this.#at < this.#text.length && !BLANK.includes(this.#text[this.#at]!)) this.#at++;
    const field = this.#text.slice(from, this.#at);
    while (this.#at < this.#text.length && BLANK.includes(this.#text[this.#at]!)) this.#at++;
    return field;
  }

  rest(): string {
    return this.#text.slice(this.#at);
  }
}

/** What is before the first `%`, which begins the command's input; `\%` is one. */
function commandOf(text: string): string {
  let command = "";
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "%") break;
    if (text[at] === "\\" && text[at + 1] === "%") at++;
    command += text[at];
  }
  return command.trim();
}

/** `>/dev/null`, `2>> log`, `2>&1`, `>& log`: what stands behind belongs to it. */
const REDIRECTION = /(?:(?<=[ \t])[\d&])?[<>]+&?[ \t]*[^ \t<>]*/g;

/** The words of a simple command, without quotes and redirections, a space between. */
function wordsOf(command: string): string {
  const words = command.replace(REDIRECTION, " ").split(/[ \t]/).filter((word) => word !== "");
  if (words[0] === "exec") words.shift();
  return words.join(" ").replace(/["'\\]/g, "");
}
