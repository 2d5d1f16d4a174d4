/**
 * Command lines that can be pasted into a shell and are safe on a terminal.
 *
 * @module
 */
import { isUnsafe } from "./escape.ts";

/** What needs no quotes, wherever it stands; zsh looks up a word that begins with `=`. */
const PLAIN = /^[\w@%+:,./-][\w@%+=:,./-]*$/;
const ASSIGNMENT = /^[A-Za-z_]\w*\+?=/;
/** Reserved in the first place by POSIX sh, bash, zsh or ksh. */
const RESERVED: ReadonlySet<string> = new Set(
  ("case coproc do done elif else end esac fi for foreach function if in namespace nocorrect " +
    "repeat select then time until while -").split(" "),
);
const NAMED: Readonly<Record<string, string>> = {
  "\t": "\\t",
  "\n": "\\n",
  "\r": "\\r",
  "\\": "\\\\",
  "'": "\\'",
};
const encoder = new TextEncoder();

/**
 * The command line that gives exactly `argv` in bash, zsh and ksh; plain POSIX sh as long as no
 * word has control or invisible characters, which stand in `$'...'`. Half surrogate pairs become
 * U+FFFD.
 */
export function quoteArgv(argv: readonly string[]): string {
  let line = "";
  for (let i = 0; i < argv.length; i++) {
    if (i > 0) line += " ";
    line += i === 0 ? quoteFirst(argv[i]!) : quoteWord(argv[i]!);
  }
  return line;
}

function quoteFirst(word: string): string {
  return ASSIGNMENT.test(word) || RESERVED.has(word) ? inQuotes(word) : quoteWord(word);
}

function quoteWord(word: string): string {
  return PLAIN.test(word) ? word : inQuotes(word);
}

function inQuotes(word: string): string {
  if (!isUnsafe(word)) return `'${word.replaceAll("'", "'\\''")}'`;
  let text = "";
  for (const character of word.toWellFormed()) text += escapeInDollar(character);
  return `$'${text}'`;
}

/**
 * Octal, because `\x` takes more than two digits in some shells and `\u` depends on the locale;
 * `!` too, because histories are expanded before quotes are looked at.
 */
function escapeInDollar(character: string): string {
  const named = NAMED[character];
  if (named !== undefined) return named;
  if (character !== "!" && !isUnsafe(character)) return character;
  return [...encoder.encode(character)]
    .map((byte) => `\\${byte.toString(8).padStart(3, "0")}`)
    .join("");
}
