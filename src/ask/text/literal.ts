/**
 * What every text that matches a regular expression has in it.
 *
 * @module
 */

/** Escapes that stand for a character of their own, or for what was matched before. */
const NUMBERED = /(?<!\\)(?:\\\\)*\\[xucpPk\d]/;
/** Characters that are the same byte in a command line and in its JSON, as a history has it. */
const PLAIN = /[!#-[\]-~]/;

/**
 * The longest run of plain characters that must be there, for each alternative, so that texts
 * without any need not be looked at; null where one has none, or nobody can tell.
 */
export function literalsOf({ source, flags }: RegExp): string[] | null {
  if (flags !== "" || NUMBERED.test(source)) return null;
  const literals = alternativesOf(source)?.map(literalIn) ?? [null];
  return literals.includes(null) ? null : literals as string[];
}

/** What stands between the outermost `|`; null where that cannot be told. */
function alternativesOf(source: string): string[] | null {
  const found: string[] = [];
  let from = 0;
  for (let at = 0; at < source.length; at++) {
    const character = source[at]!;
    if (character === "\\") at++;
    else if (character === "(" || character === "[") {
      const length = partLength(source.slice(at));
      if (length === null) return null;
      at += length - 1;
    } else if (character === "|") {
      found.push(source.slice(from, at));
      from = at + 1;
    }
  }
  return [...found, source.slice(from)];
}

function literalIn(source: string): string | null {
  const runs = [""];
  const end = () => void runs.push("");
  for (let at = 0; at < source.length; at++) {
    const rest = source.slice(at);
    const character = source[at]!;
    const last = runs.length - 1;
    if (character === "(" || character === "[") {
      at += partLength(rest)! - 1;
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

function partLength(text: string): number | null {
  return text.startsWith("(") ? groupLength(text) : classLength(text);
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
