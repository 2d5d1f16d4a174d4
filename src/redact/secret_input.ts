/**
 * Secrets that a script hands to a program which reads them: `echo secret | chpasswd`,
 * `kinit user <<< secret`, `sshpass -f <(echo secret)`, and here-documents.
 *
 * @module
 */
import { NextOf } from "./next_of.ts";
import type { ScriptCommand, Word } from "./script.ts";
import type { Found } from "./secret_found.ts";
import { isSecretName } from "./secret_names.ts";
import { hideValue } from "./secret_words.ts";

/** What they read is a password, or ends in one. */
const READERS = new Set(
  ("chpasswd newusers smbpasswd pdbedit passwd kpasswd vncpasswd cryptsetup kinit saslpasswd2 " +
    "saslpasswd htpasswd secret-tool wg ntlm_auth openvpn grub-mkpasswd-pbkdf2 mkpasswd").split(
      " ",
    ),
);
/** They say that a program reads one. */
const READER_OPTION = /-stdin$|^--passphrase-fd|^--with-token$|^-(?:pass(?:in|out)?|kfile)$/;
const SUDO_STDIN = /^-[A-Za-z]*S/;
/** They write what they are told. */
const TELLERS = new Set("echo printf print yes".split(" "));
/** They write what they read. */
const FILTERS = new Set("cat tee tr sed head tail cut base64 iconv".split(" "));
const HERE_STRING = "<<<";
const HERE_DOCUMENT = /<<-?\\?(["']?)([\w.-]{1,64})\1$/;
/** The word behind it is the last line. */
const HERE_DOCUMENT_OF = /<<-?$/;
/** What stands before the parenthesis of `--password-file=<(echo secret)`. */
const FILE_VALUE = /=?(?:file:)?<$/;
const FILE_NAME = /[-_.]?(?:file|path)$/i;

/** Finds what the commands of one script are told and given. */
export function findInput(found: Found, commands: readonly ScriptCommand[]): void {
  if (!commands.some((command) => command.reader !== null || hasHere(found, command))) return;
  const readers = readersOf(found, commands);
  const documents = new Documents(found, commands);
  for (let i = 0; i < commands.length; i++) {
    const command = commands[i]!;
    const { words, reader } = command;
    if (reader !== null && (readers.has(reader) || takesFile(found, command, reader))) {
      findTold(found, words);
    }
    if (!documents.has(i) && readers.has(command) && hasHere(found, command)) {
      findGiven(found, words, (last) => documents.hide(i, last));
    }
  }
}

function textOf(found: Found, { start, end }: Word): string {
  return found.text.slice(start, end);
}

function nameOf(found: Found, word: Word): string {
  const text = textOf(found, word);
  return text.slice(text.lastIndexOf("/") + 1);
}

function hasHere({ text }: Found, { words }: ScriptCommand): boolean {
  return text.slice(words[0]!.start, words.at(-1)!.end).includes("<<");
}

/** The commands that read a secret, or pass on what they read to one that does. */
function readersOf(found: Found, commands: readonly ScriptCommand[]): Set<ScriptCommand> {
  const readers = new Set<ScriptCommand>();
  // What reads a pipe ends behind what writes it.
  for (let i = commands.length - 1; i >= 0; i--) {
    const command = commands[i]!;
    const passes = command.reader !== null && readers.has(command.reader) &&
      FILTERS.has(nameOf(found, command.words[0]!));
    if (passes || readsSecret(found, command.words)) readers.add(command);
  }
  return readers;
}

/** Whether one of these words is a program that reads a password, or says that it does. */
function readsSecret(found: Found, words: readonly Word[]): boolean {
  let isSudo = false;
  let hasSudoStdin = false;
  for (const word of words) {
    const text = textOf(found, word);
    if (READERS.has(text.slice(text.lastIndexOf("/") + 1)) || READER_OPTION.test(text)) return true;
    isSudo ||= text === "sudo";
    hasSudoStdin ||= SUDO_STDIN.test(text);
  }
  return isSudo && hasSudoStdin;
}

/** Whether what a command writes is the file of a secret that another takes. */
function takesFile(found: Found, { words }: ScriptCommand, reader: ScriptCommand): boolean {
  const last = reader.words.at(-1)!;
  if (last.end > words[0]!.start) return false;
  const value = textOf(found, last);
  if (!value.endsWith("<")) return false;
  const before = reader.words.at(-2);
  const isApart = value === "<" || value === "file:<";
  if (isApart && before === undefined) return false;
  const option = isApart ? textOf(found, before!) : value.replace(FILE_VALUE, "");
  if (option === "-f") return reader.words.some((word) => nameOf(found, word) === "sshpass");
  return option[0] === "-" && isSecretName(option.replace(FILE_NAME, ""));
}

/** `echo secret`. */
function findTold(found: Found, words: readonly Word[]): void {
  if (!TELLERS.has(nameOf(found, words[0]!))) return;
  for (const word of words.slice(1)) {
    if (!/^-[A-Za-z]$/.test(textOf(found, word))) hideValue(found, "secret", word, true);
  }
}

/** `kinit user <<< secret`, and `chpasswd <<END`, whose lines `hideLines` takes. */
function findGiven(
  found: Found,
  words: readonly Word[],
  hideLines: (last: string) => void,
): void {
  for (let at = 0; at < words.length; at++) {
    const { start, end } = words[at]!;
    const text = found.text.slice(start, end);
    const next = words[at + 1];
    const string = text.indexOf(HERE_STRING);
    if (string >= 0) {
      const given = start + string + HERE_STRING.length;
      const value = given < end ? { start: given, end } : next;
      if (value !== undefined) hideValue(found, "secret", value, true);
      continue;
    }
    if (text.length > 80) continue;
    if (HERE_DOCUMENT_OF.test(text) && next !== undefined) hideLines(textOf(found, next));
    const document = HERE_DOCUMENT.exec(text);
    if (document !== null) hideLines(document[2]!);
  }
}

/** The lines of here-documents: each is of one, so that none is looked at twice. */
class Documents {
  readonly #found: Found;
  readonly #commands: readonly ScriptCommand[];
  readonly #newline: NextOf;
  /** Those that begin behind the line looked at last, as commands. */
  #from = 0;
  #to = 0;

  constructor(found: Found, commands: readonly ScriptCommand[]) {
    this.#found = found;
    this.#commands = commands;
    this.#newline = new NextOf(found.text, /\n/g);
  }

  /** Whether a command is no command but a line of one. */
  has(i: number): boolean {
    return i >= this.#from && i < this.#to;
  }

  /** Hides the lines of the next document of command `i`, up to the one that is `last`. */
  hide(i: number, last: string): void {
    const commands = this.#commands;
    if (i >= this.#to) {
      // It begins behind the line, whatever else stands on that.
      const lineEnd = this.#newline.after(commands[i]!.words.at(-1)!.end);
      let next = i + 1;
      while (next < commands.length && commands[next]!.words[0]!.start < lineEnd) next++;
      this.#from = this.#to = next;
    }
    while (this.#to < commands.length) {
      const { words } = commands[this.#to++]!;
      if (words.length === 1 && textOf(this.#found, words[0]!) === last) return;
      for (const word of words) hideValue(this.#found, "secret", word, true);
    }
  }
}
