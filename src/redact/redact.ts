/**
 * Secrets in command lines, replaced before anybody keeps or shows them.
 *
 * docs/redaction.md says what is found and what is not.
 *
 * @module
 */
import { findForms, maybeForm } from "./secret_forms.ts";
import { Found, maskWords, TooManyPlaces } from "./secret_found.ts";
import { findInOptions } from "./secret_options.ts";
import { maybeProgram } from "./secret_programs.ts";

/**
 * Takes the bytes of /proc/PID/cmdline and gives them with each secret replaced by `***`: the same
 * object where there is none, else new bytes with as many words, all else in them as it was.
 */
export type Redact = (argv: Uint8Array) => Uint8Array;

/** What a secret hides can be hidden only when that is gone: so often a line is looked through. */
const PASSES = 4;
/** Parts of names that can be secret. */
const MAYBE_NAME = new RegExp(
  "pass|asswor|assphr|pwd|secret|token|pw\\d?[^a-z]|keys?[^a-z]|auth(?!or)|authoriz|cookie|cred" +
    "|bearer|jwt|psk|mnemonic|phrase|sig(?:nature)?=|-pin|pin-|(?<![a-z])pin[^a-z]|sudo" +
    "|cryptsetup|kinit|http-basic|<<",
  "i",
);

/**
 * Makes the function that hides secrets: those it knows of, and what `patterns` match in the
 * command line, which has one space between two words. Of a match with groups that take part only
 * these are hidden.
 */
export function createRedact(patterns: readonly RegExp[] = []): Redact {
  const own = patterns.map(({ source, flags }) => {
    return new RegExp(source, `${flags.replace(/[dgy]/g, "")}dg`);
  });
  return (argv) => {
    const line = decode(argv);
    let { text } = line;
    if (own.length === 0 && !mayHaveSecret(text)) return argv;
    try {
      for (let pass = 0; pass < PASSES; pass++) {
        const masked = mask(text, own);
        if (masked === text) break;
        text = masked;
      }
    } catch (error) {
      if (!(error instanceof TooManyPlaces)) throw error;
      text = maskWords(text);
    }
    return text === line.text ? argv : encode(text, line.isUtf8);
  };
}

/** The words of a command line without secrets; the words themselves where nothing is hidden. */
export function redactWords(words: readonly string[], redact: Redact | undefined): string[] {
  if (redact === undefined || words.length === 0) return [...words];
  const bytes = new TextEncoder().encode(words.map((word) => `${word}\0`).join(""));
  return lossy.decode(redact(bytes)).split("\0").slice(0, -1);
}

function mayHaveSecret(text: string): boolean {
  return MAYBE_NAME.test(text) || maybeForm(text) || maybeProgram(text);
}

function mask(text: string, own: readonly RegExp[]): string {
  const found = new Found(text);
  const line = (text.endsWith("\0") ? text.slice(0, -1) : text).replaceAll("\0", " ");
  if (mayHaveSecret(text)) {
    findInOptions(found);
    findForms(found, line);
  }
  for (const pattern of own) {
    for (const { indices } of line.matchAll(pattern)) {
      const [all, ...groups] = indices!;
      const taken = groups.filter((group) => group !== undefined);
      for (const [start, end] of taken.length > 0 ? taken : [all!]) found.cover(start, end);
    }
  }
  return found.masked();
}

interface Line {
  readonly text: string;
  readonly isUtf8: boolean;
}

const lossy = new TextDecoder("utf-8", { ignoreBOM: true });
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Text from which {@linkcode encode} makes the same bytes again. */
function decode(bytes: Uint8Array): Line {
  try {
    return { text: utf8.decode(bytes), isUtf8: true };
  } catch {
    // One character for each byte: not what was meant, but nothing is lost.
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    return { text, isUtf8: false };
  }
}

function encode(text: string, isUtf8: boolean): Uint8Array {
  if (isUtf8) return new TextEncoder().encode(text);
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
