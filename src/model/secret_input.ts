/**
 * Secrets that a script hands to a program which reads them: `echo secret | chpasswd`,
 * `kinit user <<< secret`, and here-documents.
 *
 * @module
 */
import type { ScriptCommand, Word } from "./script.ts";
import type { Found } from "./secret_found.ts";
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
const HERE_STRING = "<<<";
const HERE_DOCUMENT = /<<-?\\?(["']?)([\w.-]{1,64})\1$/;

/** Whether one of these words is a program that reads a password, or says that it does. */
function readsSecret(found: Found, words: readonly Word[]): boolean {
  let isSudo = false;
  let hasSudoStdin = false;
  for (const { start, end } of words) {
    const text = found.text.slice(start, end);
    if (READERS.has(text.slice(text.lastIndexOf("/") + 1)) || READER_OPTION.test(text)) return true;
    isSudo ||= text === "sudo";
    hasSudoStdin ||= SUDO_STDIN.test(text);
  }
  return isSudo && hasSudoStdin;
}

/** `echo secret | passwd --stdin`: the words of both commands. */
export function findTold(found: Found, words: readonly Word[], reader: readonly Word[]): void {
  const textOf = ({ start, end }: Word) => found.text.slice(start, end);
  if (!/^(?:echo|printf)$/.test(textOf(words[0]!)) || !readsSecret(found, reader)) return;
  for (const word of words.slice(1)) {
    if (!/^-[A-Za-z]$/.test(textOf(word))) hideValue(found, "secret", word, true);
  }
}

/**
 * `kinit user <<< secret`, and `chpasswd <<END` with its lines as the commands that follow; which
 * command comes behind those. Each line is of one document, so that none is looked at twice.
 */
export function findGiven(found: Found, commands: readonly ScriptCommand[], i: number): number {
  const { words } = commands[i]!;
  let next = i + 1;
  if (!readsSecret(found, words)) return next;
  for (let at = 0; at < words.length; at++) {
    const { start, end } = words[at]!;
    const text = found.text.slice(start, end);
    const string = text.indexOf(HERE_STRING);
    if (string >= 0) {
      const given = start + string + HERE_STRING.length;
      const value = given < end ? { start: given, end } : words[at + 1];
      if (value !== undefined) hideValue(found, "secret", value, true);
      continue;
    }
    const document = text.length <= 80 ? HERE_DOCUMENT.exec(text) : null;
    if (document !== null) next = hideLines(found, commands, next, document[2]!);
  }
  return next;
}

/** Hides the lines up to the one that is the document's last; which command comes behind it. */
function hideLines(
  found: Found,
  commands: readonly ScriptCommand[],
  from: number,
  last: string,
): number {
  for (let i = from; i < commands.length; i++) {
    const { words } = commands[i]!;
    const [first] = words;
    if (words.length === 1 && found.text.slice(first!.start, first!.end) === last) return i + 1;
    for (const word of words) hideValue(found, "secret", word, true);
  }
  return commands.length;
}
