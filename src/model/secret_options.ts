/**
 * Secrets in options and operands: `--password secret`, `mysql -psecret`, also within the scripts
 * that shells get in one word.
 *
 * @module
 */
import { hasSpace, readScript, type ScriptCommand, type Word } from "./script.ts";
import type { Found } from "./secret_found.ts";
import { isSecretName } from "./secret_names.ts";
import { type SecretProgram, secretProgram, type SecretRule } from "./secret_programs.ts";
import { findInWord, hideValue } from "./secret_words.ts";

/** Programs in one command that are looked up: `sudo docker exec db mysql` has three. */
const PROGRAMS_MAX = 4;
/** `--name` and `-name`; of one dash and few letters are flags in one word. */
const LONG_OPTION = /^(?:--[A-Za-z]|-[A-Za-z][\w.-]{2})[\w.-]{0,64}$/;
/** Options whose value may be a user with a password. */
const USER_OPTION = /^--?(?:[\w-]{0,64}-)?(?:auth|creds|credentials|userpass)$/;
const USER_PASSWORD = /^[^:\/@\s]{1,64}:(?!\/\/)(.+)$/ds;
/** What stands where a value would stand if there were one. */
const NEXT_OPTION = /^(?:-[A-Za-z]|--[a-z][a-z\d-]*(?:=.*)?|-[a-z]+(?:-[a-z]+)*)$/s;
/** What `echo` tells these is a password. */
const READERS = /^(?:chpasswd|smbpasswd|passwd|vncpasswd|cryptsetup|kinit)$/;
const READER_OPTION = /-stdin$|^--passphrase-fd/;
const SUDO_STDIN = /^-[A-Za-z]*S/;

/** Finds the secrets of a command line, whose words end in NUL. */
export function findInOptions(found: Found): void {
  const { text } = found;
  const words: Word[] = [];
  for (let start = 0; start < text.length;) {
    const nul = text.indexOf("\0", start);
    const end = nul < 0 ? text.length : nul;
    words.push({ start, end });
    start = end + 1;
  }
  const { isShell } = new CommandScan(found, words, false).run();
  for (const { start, end } of words) {
    if (hasSpace(text.slice(start, end))) findInScript(found, { start, end }, isShell);
  }
}

/** What is no script for certain may have been read otherwise before: it is found once more. */
function findInScript(found: Found, script: Word, isShell: boolean): void {
  const commands = readScript(found.text, script.start, script.end);
  commands.forEach((command, i) => {
    new CommandScan(found, command.words, true).run();
    if (command.piped) findTold(found, command, commands[i + 1]);
  });
  if (!isShell) findInWord(found, script, false);
}

/** `echo secret | passwd --stdin`. */
function findTold(found: Found, { words }: ScriptCommand, reader: ScriptCommand | undefined): void {
  const textOf = ({ start, end }: Word) => found.text.slice(start, end);
  if (reader === undefined || !/^(?:echo|printf)$/.test(textOf(words[0]!))) return;
  const names = reader.words.map(textOf);
  const sudo = names.includes("sudo") && names.some((name) => SUDO_STDIN.test(name));
  if (!sudo && !names.some((name) => READERS.test(name) || READER_OPTION.test(name))) return;
  for (const word of words.slice(1)) {
    if (!/^-[A-Za-z]$/.test(textOf(word))) hideValue(found, "secret", word, true);
  }
}

/** A program that was named, and what it has got so far. */
interface Running {
  readonly program: SecretProgram;
  /** Operands behind the word that a rule waits for; -1 before that. */
  readonly counts: number[];
}

/** One command, from its first word to the last. */
class CommandScan {
  readonly #found: Found;
  readonly #words: readonly Word[];
  readonly #inScript: boolean;
  #running: Running[] = [];
  /** Letters of the options that came. */
  #letters = "";
  /** The word before says what this one is. */
  #isValue = false;
  /** A program takes scripts in its words. */
  isShell = false;

  constructor(found: Found, words: readonly Word[], inScript: boolean) {
    this.#found = found;
    this.#words = words;
    this.#inScript = inScript;
  }

  run(): this {
    this.#words.forEach((word, i) => {
      const text = this.#found.text.slice(word.start, word.end);
      const isValue = this.#isValue;
      this.#isValue = false;
      let isHarmless = false;
      if (text[0] === "-" && !isValue) isHarmless = this.#option(text, i);
      else if (!isValue) this.#operand(text, i);
      // A whole word with spaces in it is looked at when it has been read as a script.
      if (!isHarmless && (this.#inScript || !hasSpace(text))) {
        findInWord(this.#found, word, this.#inScript);
      }
    });
    return this;
  }

  /** Whether an option is harmless, whatever it is called. */
  #option(text: string, i: number): boolean {
    const name = text.slice(0, (text.indexOf("=") + 1 || text.length + 1) - 1);
    if (this.#running.some(({ program }) => program.harmless?.includes(name))) return true;
    if (text[1] !== "-" && text.length < 20) this.#letters += text.slice(1);
    let isKnown = false;
    for (const { program, counts } of this.#running) {
      program.rules.forEach((rule, at) => {
        if (counts[at]! >= 0 && this.#applyToOption(rule, name, text, i)) isKnown = true;
      });
      if (program.valued?.includes(text[1]!) && text.length === 2) this.#isValue = true;
    }
    if (!isKnown && USER_OPTION.test(name)) {
      this.#applyToOption({ options: [name], part: USER_PASSWORD }, name, text, i);
    }
    if (!isKnown && LONG_OPTION.test(text) && isSecretName(text)) {
      const asks = this.#running.some(({ program }) => program.asks?.includes(text));
      if (!asks) this.#hideNext(text, i);
    }
    return false;
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
    for (const { program, counts } of this.#running) {
      program.rules.forEach((rule, at) => {
        if (counts[at]! >= 0) this.#applyToOperand(rule, ++counts[at]!, text, i);
        else if (rule.after!.includes(text.toLowerCase())) counts[at] = 0;
      });
    }
    this.#start(text);
  }

  #applyToOperand(rule: SecretRule, count: number, text: string, i: number): void {
    const word = this.#words[i]!;
    const { operands, named, needs = "", prefixes } = rule;
    const prefix = prefixes?.find((prefix) => text.startsWith(prefix));
    if (prefix !== undefined) {
      this.#hide("secret", { start: word.start + prefix.length, end: word.end }, rule.part);
    }
    if (named && isSecretName(text)) this.#hideNext(text, i);
    if (operands === undefined || count < operands[0] || count > operands[1]) return;
    if ([...needs].every((letter) => this.#letters.includes(letter))) {
      this.#hide("secret", word, rule.part);
    }
  }

  #start(word: string): void {
    this.#running = this.#running.filter(({ program }) => !program.wraps);
    const program = secretProgram(word);
    if (program === undefined || this.#running.length >= PROGRAMS_MAX) return;
    if (this.#running.some((running) => running.program === program)) return;
    const counts = program.rules.map(({ after }) => after === undefined ? 0 : -1);
    this.#running.push({ program, counts });
    this.isShell ||= program.shell === true;
  }

  #hideNext(name: string, i: number, part?: RegExp): void {
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
    const indices = part.exec(this.#found.text.slice(value.start, value.end))?.indices?.[1];
    if (indices === undefined) return;
    const [start, end] = indices;
    const place = { start: value.start + start, end: value.start + end };
    hideValue(this.#found, name, place, this.#inScript);
  }
}
