/**
 * How programs take secrets that no name tells of, and what their values look like.
 *
 * @module
 */

/** One way to hand a secret to a program. */
export interface SecretRule {
  /** Letters of options whose value it is. */
  readonly letters?: string;
  /** Where the value of these stands: in the same word, in the next one, or in either. */
  readonly value?: "same" | "next";
  /** Letters of options without a value that may stand before them in one word. */
  readonly bare?: string;
  /** Options in full; `=` may follow. */
  readonly options?: readonly string[];
  /** What a word begins with whose rest it is. */
  readonly prefixes?: readonly string[];
  /** The first and the last operand that is one, counted from 1. */
  readonly operands?: readonly [number, number];
  /** An operand that is the name of a secret, such as `password`, has it in the next word. */
  readonly named?: boolean;
  /**
   * It counts, and operands are counted, only behind one of these words, in lower case, or behind
   * two that follow each other, with a space between them.
   */
  readonly after?: readonly string[];
  /** The same for words that it matches. */
  readonly behind?: RegExp;
  /** An option ends it. */
  readonly close?: boolean;
  /** Letters of options that must have come before. */
  readonly needs?: string;
  /** Group 1 is what is secret of the value; without it all is. */
  readonly part?: RegExp;
}

/** What is known of a program. */
export interface SecretProgram {
  readonly rules: readonly SecretRule[];
  /** Options that sound like secrets and are none. */
  readonly harmless?: readonly string[];
  /** Options that ask for the secret unless it stands behind a `=`. */
  readonly asks?: readonly string[];
  /** Letters of options whose value is in the next word: that is no operand. */
  readonly valued?: string;
  /** The first operand is another program. */
  readonly wraps?: boolean;
  /** It takes a script in a word: `sh -c`, `ssh host`. */
  readonly shell?: boolean;
  /** It takes commands of its own in a word: `kadmin -q "addprinc -pw x u"`. */
  readonly inner?: boolean;
  /** It is run so often that only a word of `after` is reason for a closer look. */
  readonly common?: boolean;
}

/** Names of programs with spaces between them, and what is known of each of these. */
export type SecretTable = readonly (readonly [string, SecretProgram])[];

/** `user:secret`. */
export const AFTER_COLON = /^[^:]*:(.+)$/ds;
/** `user:secret`, or all of it. */
export const AFTER_COLON_OR_ALL = /^(?:[^:]*:)?(.+)$/ds;
/** `user%secret`, as Samba's programs take it. */
export const AFTER_PERCENT = /^[^%]*%(.+)$/ds;
/** `name=secret`. */
export const AFTER_EQUALS = /^[^=]*=(.+)$/ds;
/** `user/secret@database`, as Oracle's programs take it. */
export const AFTER_SLASH = /^(?:userid=)?[^@\/=][^\/@=]*\/([^@]+)/d;
/** As the last of operands: all that follow. */
export const REST = Infinity;
/** Where `-p` is a port or a path unless somebody logs in. */
export const LOGIN: readonly string[] = ["login"];
/** `-p secret` and `-psecret`. */
export const P_PASSWORD: SecretRule = { letters: "p" };
/** `-w secret` and `-wsecret`. */
export const W_PASSWORD: SecretRule = { letters: "w" };
/** `-t secret`, a token. */
export const T_TOKEN: SecretRule = { letters: "t" };
