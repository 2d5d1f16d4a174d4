/**
 * Programs of which it is known where they take secrets, looked up by their names.
 *
 * @module
 */
import type { SecretProgram } from "./secret_rule.ts";
import { SERVICES } from "./secret_services.ts";
import { STORES } from "./secret_stores.ts";
import { TOOLS } from "./secret_tools.ts";

const PROGRAMS: ReadonlyMap<string, SecretProgram> = new Map(
  [...STORES, ...SERVICES, ...TOOLS].flatMap(([names, program]) =>
    names.split(" ").map((name) => [name, program])
  ),
);

/** `cqlsh.py` is cqlsh. */
const SUFFIX = /^\.(?:py|pl|rb|sh|js|exe|bat|cmd|phar)$/;

/** What is known of the program that `word` names or is the path of; undefined for others. */
export function secretProgram(word: string): SecretProgram | undefined {
  if (word.length < 2) return undefined;
  const name = word.slice(word.lastIndexOf("/") + 1);
  const dot = name.lastIndexOf(".");
  if (dot <= 0 || !SUFFIX.test(name.slice(dot))) return PROGRAMS.get(name);
  return PROGRAMS.get(name.slice(0, dot)) ?? PROGRAMS.get(name);
}

/** Words that give reason to look closer. */
const WORDS: ReadonlySet<string> = new Set(
  [...PROGRAMS].flatMap(([name, { rules, common }]) => {
    if (!common) return [name];
    return rules.flatMap(({ after = [] }) => after.map((words) => words.split(" ")[0]!));
  }),
);
const WORD_MAX = Math.max(...[...WORDS].map((word) => word.length));

/** What parts words: ASCII alone, so a table answers. */
const PARTS = new Uint8Array(128);
for (const sign of "\0\t\n\v\f\r /\"'();|&`") PARTS[sign.charCodeAt(0)] = 1;
const SLASH = "/".charCodeAt(0);
const DOT = ".".charCodeAt(0);

/**
 * Whether a text may name a program of the table; never wrongly false. Looked up word by word,
 * because to compile a pattern of so many words takes a short command two milliseconds.
 */
export function maybeProgram(text: string): boolean {
  let start = 0;
  let dot = 0;
  for (let at = 0; at <= text.length; at++) {
    const sign = at < text.length ? text.charCodeAt(at) : 0;
    if (sign === DOT) dot = at;
    if (sign >= 128 || PARTS[sign] === 0) continue;
    if (sign !== SLASH && (isWord(text, start, at) || isWord(text, start, dot))) return true;
    start = at + 1;
  }
  return false;
}

function isWord(text: string, start: number, end: number): boolean {
  const length = end - start;
  return length > 1 && length <= WORD_MAX && WORDS.has(text.slice(start, end));
}
