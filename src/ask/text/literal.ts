/**
 * What every text that matches a regular expression has in it.
 *
 * @module
 */

/** Escapes that stand for a character of their own, or for what was matched before. */
const NUMBERED = /^\\[xucpPk\d]/;
/** Characters that are the same byte in a command line and in its JSON, as a history has it. */
const PLAIN = /[!#-[\]-~]/;

/**
 * The longest run of plain characters that must be there, so that texts without it need not be
 * looked at; null where there is none, or nobody can tell.
 */
export function literalOf({ source, flags }: RegExp): string | null {
  if (flags !== "") return null;
  const runs = [""];
  const end = () => void runs.push("");
  for (let at = 0; at < source.length; at++) {
    const rest = source.slice(at);
    const character = source[at]!;
    const last = runs.length - 1;
    if (character === "|" || NUMBERED.test(rest)) return null;
    if (character === "(" || character === "[") {
      const length = character === "(" ? groupLength(rest) : classLength(rest);
      if (length === null) return null;
      at += length - 1;
      end();
    } else if ("*?{".includes(character)) {
      // What stands before may be missing.
      runs[last] = runs[last]!.slice(0, -1);
      at += (/^\{\d*,?\d*\}/.exec(rest)?.[0].length ?? 1) - 1;
      end();
    } else if (character === "\\") {
      const next = source[++at] ?? "";
      // A letter is a class or a boundary.
      if (/\w/.test(next) || !PLAIN.test(next)) end();
      else runs[last] += next;
    } else if (".^$+".includes(character) || !PLAIN.test(character)) {
      end();
    } else {
      runs[last] += character;
    }
  }
  const longest = runs.reduce((a, b) => b.length > a.length ? b : a);
  return longest === "" ? null : longest;
}

/** The length of the group that a text begins with: what is in it may be missing. */
function groupLength(text: string): number | null {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === "[") at += (classLength(text.slice(at)) ?? text.length) - 1;
    else if (text[at] === "(") depth++;
    else if (text[at] === ")" && --depth === 0) return at + 1;
  }
  return null;
}

function classLength(text: string): number | null {
  return /^\[(?:\\[^]|[^\]\\])*\]/.exec(text)?.[0].length ?? null;
}
