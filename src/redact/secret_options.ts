/**
 * Secrets in options and operands: `--password secret`, `mysql -psecret`, also within the scripts
 * that shells get in one word.
 *
 * @module
 */
import { NextOf } from "./next_of.ts";
import { readScript, type Word } from "./script.ts";
import type { Found } from "./secret_found.ts";
import { isSecretName } from "./secret_names.ts";
import { findAnswers } from "./secret_expect.ts";
import { findInput } from "./secret_input.ts";
import { secretProgram } from "./secret_programs.ts";
import type { SecretProgram, SecretRule } from "./secret_rule.ts";
import { findInWord, hideValue } from "./secret_words.ts";

/** Programs in one command that are looked up: `sudo docker exec db mysql` has three. */
const PROGRAMS_MAX = 4;
/** `--name` and `-name`; of one dash and few letters are flags in one word. */
const LONG_OPTION = /^(?:--[A-Za-z]|-[A-Za-z][\w.-]{2})[\w.-]{0,64}$/;
/** Shorter options have no name. */
const NAMED_MIN = 4;
/** Options whose value may be a user with a password. */
const USER_OPTION = /^--?(?:[\w-]{0,64}-)?(?:auth|basicauth|credential)$/;
const USER_PASSWORD = /^[^:\/\s]{1,256}:(?!\/\/)(.+)$/ds;
/** Options whose value is that or a password, unless it is a file or a word for what to do. */
const CREDENTIALS_OPTION = /^--?(?:[\w-]{0,64}-)?(?:creds|credentials|userpass)$/;
const CREDENTIALS = new RegExp(
  "^[^:\\/\\s]{1,256}:(?!\\/\\/)(.+)$" +
    "|^(?![~.\\/]|(?:include|omit|same-origin|default|none)$|[^:]{0,256}\\.\\w{1,6}$)([^:]+)$",
  "ds",
);
/** With one dash, these are names and no letter with its value, but where that is never apart. */
const SPELLED = /^-(?:password|passwd|passphrase|pass|token|secret)$/;
/** Longer words begin nothing. */
const AFTER_MAX = 64;
/** What stands before a value in the same word. */
const SETTING = /^-{0,2}[\w.-]{1,64}=/;
const SETTING_MAX = 70;
/** What stands where a value would stand if there were one. */
const NEXT_OPTION = /^(?:-[A-Za-z]|--[a-z][a-z\d-]*(?:=.*)?|-[a-z]+(?:-[a-z]+)*)$/s;
/** Finds the secrets of a command line, whose words end in NUL. */
export function findInOptions(found: Found): void {
  const { text } = found;
  const words: Word[] = [];
  const scripts = new Set<Word>();
  const space = new NextOf(text, /\s/g);
  for (let start = 0; start < text.length;) {
    const nul = text.indexOf("\0", start);
    const word = { start, end: nul < 0 ? text.length : nul };
    words.push(word);
    if (space.after(start) < word.end) scripts.add(word);
    start = word.end + 1;
  }
  const { isShell, inner } = new CommandScan(found, words, scripts).run();
  for (const script of scripts) findInScript(found, script, isShell, inner);
}

/** What is no script for certain may have been read otherwise before: it is found once more. */
function findInScript(
  found: Found,
  script: Word,
  isShell: boolean,
  inner: readonly SecretProgram[],
): void {
  const commands = readScript(found.text, script.start, script.end);
  for (const { words } of commands) {
    const scan = new CommandScan(found, words, null);
    for (const program of inner) scan.begin(program);
    scan.run();
    if (words[0]!.start === script.start) findInSetting(found, words);
  }
  findInput(found, commands);
  findAnswers(found, commands);
  if (!isShell) findInWord(found, script, false);
}

/** `--rsh=sshpass -p secret ssh`: a command that is a value. */
function findInSetting(found: Found, [first, ...others]: readonly Word[]): void {
  const { start, end } = first!;
  const name = SETTING.exec(found.text.slice(start, Math.min(end, start + SETTING_MAX)));
  if (name === null) return;
  const program = { start: start + name[0].length, end };
  if (secretProgram(found.text.slice(program.start, end)) === undefined) return;
  new CommandScan(found, [program, ...others], null).run();
}

/** A program that was named, and what it has got so far. */
interface Running {
  readonly program: SecretProgram;
  /** Operands behind the word that a rule waits for; -1 before that. */
  readonly counts: number[];
  /** Letters of the options that came, where a rule needs some. */
  readonly letters: Set<string>;
}

/** Behind the program that it wraps nothing is its own. */
function isWrapper({ program }: Running): boolean {
  return program.wraps === true;
}

/** One command, from its first word to the last. */
class CommandScan {
  readonly #found: Found;
  readonly #words: readonly Word[];
  readonly #scripts: ReadonlySet<Word> | null;
  readonly #inScript: boolean;
  #running: Running[] = [];
  /** The word before says what this one is. */
  #isValue = false;
  /** The operand before. */
  #before = "";
  /** A program takes scripts in its words. */
  isShell = false;
  /** Programs that take commands of their own in one word. */
  readonly inner: SecretProgram[] = [];

  /** `scripts` are the words that are read as scripts later; null for a command in a script. */
  constructor(found: Found, words: readonly Word[], scripts: ReadonlySet<Word> | null) {
    this.#found = found;
    this.#words = words;
    this.#scripts = scripts;
    this.#inScript = scripts === null;
  }

  run(): this {
    for (let i = 0; i < this.#words.length; i++) {
      const word = this.#words[i]!;
      const text = this.#found.text.slice(word.start, word.end);
      const isValue = this.#isValue;
      this.#isValue = false;
      let isHarmless = false;
      if (text[0] === "-" && !isValue) isHarmless = this.#option(text, i);
      else if (!isValue) this.#operand(text, i);
      if (!isHarmless && !this.#scripts?.has(word)) {
        findInWord(this.#found, word, this.#inScript);
      }
    }
    return this;
  }

  /** Whether an option is harmless, whatever it is called. */
  #option(text: string, i: number): boolean {
    const equals = text.indexOf("=");
    const name = equals < 0 ? text : text.slice(0, equals);
    let isKnown = false;
    for (const running of this.#running) {
      const { program, counts } = running;
      if (program.harmless?.includes(name)) return true;
      for (let at = 0; at < counts.length; at++) {
        const rule = program.rules[at]!;
        if (rule.needs !== undefined && text[1] !== "-") this.#noteLetters(running, text);
        if (counts[at]! < 0) {
          if (rule.after?.includes(name)) counts[at] = 0;
        } else if (this.#applyToOption(rule, name, text, i)) isKnown = true;
        if (rule.close) counts[at] = -1;
      }
      if (program.valued?.includes(text[1]!) && text.length === 2) this.#isValue = true;
    }
    if (isKnown || text.length < NAMED_MIN) return false;
    const isCredentials = CREDENTIALS_OPTION.test(name);
    if (isCredentials || USER_OPTION.test(name)) {
      const part = isCredentials ? CREDENTIALS : USER_PASSWORD;
      this.#applyToOption({ options: [name], part }, name, text, i);
    }
    if (LONG_OPTION.test(text) && isSecretName(text)) {
      const asks = this.#running.some(({ program }) => program.asks?.includes(text));
      if (!asks) this.#hideNext(text, i);
    }
    return false;
  }

  /** Options in one word are few. */
  #noteLetters(running: Running, text: string): void {
    if (text.length < 20) { for (const letter of text.slice(1)) running.letters.add(letter); }
  }

  /** Whether the rule is about that option. */
  #applyToOption(rule: SecretRule, name: string, text: string, i: number): boolean {
    const { start, end } = this.#words[i]!;
    const { letters, bare = "", options, prefixes } = rule;
    if (options?.includes(name)) {
      if (name === text) this.#hideNext("secret", i, rule.part);
      else this.#hide("secret", { start: start + name.length + 1, end }, rule.part);
      return true;
    }
    const prefix = prefixes?.find((prefix) => text.startsWith(prefix));
    if (prefix !== undefined) {
      this.#hide("secret", { start: start + prefix.length, end }, rule.part);
      return true;
    }
    if (letters === undefined || text[1] === "-") return false;
    if (rule.value !== "same" && SPELLED.test(name)) return false;
    let at = 1;
    while (at < text.length && bare.includes(text[at]!)) at++;
    if (at === text.length || !letters.includes(text[at]!)) return false;
    const where = at === text.length - 1 ? "next" : "same";
    if (rule.value !== undefined && rule.value !== where) return false;
    if (where === "next") this.#hideNext("secret", i, rule.part);
    else this.#hide("secret", { start: start + at + 1, end }, rule.part);
    return true;
  }

  #operand(text: string, i: number): void {
    for (const running of this.#running) {
      const { program, counts } = running;
      for (let at = 0; at < counts.length; at++) {
        const rule = program.rules[at]!;
        if (counts[at]! >= 0) this.#applyToOperand(rule, ++counts[at]!, running, i);
        else if (this.#begins(rule, text)) counts[at] = 0;
      }
    }
    this.#start(text);
    this.#before = text;
  }

  /** Whether a rule that waits for a word counts from this one on. */
  #begins({ after = [], behind }: SecretRule, text: string): boolean {
    if (behind?.test(text)) return true;
    const word = text.length <= AFTER_MAX ? text.toLowerCase() : text;
    return after.some((name) => {
      const space = name.indexOf(" ");
      if (space < 0) return name === word;
      return name.endsWith(word) && name.length === space + 1 + word.length &&
        name.slice(0, space) === this.#before.toLowerCase();
    });
  }

  #applyToOperand(rule: SecretRule, count: number, { letters }: Running, i: number): void {
    const word = this.#words[i]!;
    const { operands, named, needs = "", prefixes } = rule;
    if (prefixes !== undefined || named) {
      const text = this.#found.text.slice(word.start, word.end);
      const prefix = prefixes?.find((prefix) => text.startsWith(prefix));
      if (prefix !== undefined) {
        this.#hide("secret", { start: word.start + prefix.length, end: word.end }, rule.part);
      }
      if (named && isSecretName(text)) this.#hideNext(text, i);
    }
    if (operands === undefined || count < operands[0] || count > operands[1]) return;
    for (const letter of needs) if (!letters.has(letter)) return;
    this.#hide("secret", word, rule.part);
  }

  #start(word: string): void {
    if (this.#running.some(isWrapper)) {
      this.#running = this.#running.filter((one) => !isWrapper(one));
    }
    if (this.#running.length >= PROGRAMS_MAX) return;
    const program = secretProgram(word);
    if (program !== undefined) this.begin(program);
  }

  /** The words that follow are those of a program, as if it had been named. */
  begin(program: SecretProgram): void {
    if (this.#running.some((running) => running.program === program)) return;
    const counts = program.rules.map(({ after, behind }) => {
      return after === undefined && behind === undefined ? 0 : -1;
    });
    this.#running.push({ program, counts, letters: new Set() });
    this.isShell ||= program.shell === true;
    if (program.inner) this.inner.push(program);
  }

  #hideNext(name: string, i: number, part?: RegExp): void {
    this.#found.look();
    const next = this.#words[i + 1];
    if (next === undefined) return;
    if (NEXT_OPTION.test(this.#found.text.slice(next.start, Math.min(next.end, next.start + 64)))) {
      return;
    }
    this.#isValue = true;
    this.#hide(name, next, part);
  }

  #hide(name: string, value: Word, part?: RegExp): void {
    if (part === undefined) {
      hideValue(this.#found, name, value, this.#inScript);
      return;
    }
    const match = part.exec(this.#found.text.slice(value.start, value.end));
    const place = match?.indices?.slice(1).find((indices) => indices !== undefined);
    if (place === undefined) return;
    const [start, end] = place;
    const secret = { start: value.start + start, end: value.start + end };
    hideValue(this.#found, name, secret, this.#inScript);
  }
}
