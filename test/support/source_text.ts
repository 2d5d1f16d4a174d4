/**
 * Looks at TypeScript source as text: enough to check rules of style, no parser.
 *
 * @module
 */

/** One import or re-export. */
export interface Import {
  readonly specifier: string;
  readonly line: number;
}

/** A block in braces, lines counted from 1. */
export interface Block {
  /** What stands before the brace, back to the end of the statement before. */
  readonly header: string;
  readonly firstLine: number;
  readonly lastLine: number;
}

/** Words after which a slash begins a regular expression. */
const BEFORE_REGEX = /(?:^|[(,=:[!&|?{;+*%<>~^-]|\b(?:return|typeof|case|in|of|throw|await))\s*$/;

/** Tokens in which braces, quotes and words mean nothing. */
const COMMENT = /\/\/.*|\/\*[^]*?\*\//y;
const STRING = /"(?:[^"\\\n]|\\[^])*"|'(?:[^'\\\n]|\\[^])*'/y;
const REGEX = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;

/** The code with comments and the contents of quotes blanked; length and lines stay the same. */
export function blank(source: string): string {
  let code = "";
  /** For each open template literal, how many braces are open in its `${}`. */
  const templates: number[] = [];
  while (code.length < source.length) {
    const char = source[code.length]!;
    if (char === "/") code += blankSlash(source, code);
    else if (char === '"' || char === "'") code += quoted(matchAt(STRING, source, code) ?? char);
    else if (char === "`") {
      code += blankTemplate(source, code.length, templates);
    } else if (char === "}" && templates.at(-1) === 0) {
      templates.pop();
      code += blankTemplate(source, code.length, templates);
    } else {
      if (templates.length > 0 && char === "{") templates[templates.length - 1]!++;
      if (templates.length > 0 && char === "}") templates[templates.length - 1]!--;
      code += char;
    }
  }
  return code;
}

function blankSlash(source: string, code: string): string {
  const comment = matchAt(COMMENT, source, code);
  if (comment !== null) return spaces(comment);
  if (!BEFORE_REGEX.test(code.slice(-200))) return "/";
  return quoted(matchAt(REGEX, source, code) ?? "/");
}

/** Blanks from a backtick or the end of a `${}` to the next `${` or the closing backtick. */
function blankTemplate(source: string, from: number, templates: number[]): string {
  let at = from + 1;
  while (at < source.length && source[at] !== "`" && !source.startsWith("${", at)) {
    at += source[at] === "\\" ? 2 : 1;
  }
  const opens = source.startsWith("${", at);
  if (opens) templates.push(0);
  return quoted(source.slice(from, at + (opens ? 2 : 1)));
}

function matchAt(pattern: RegExp, source: string, code: string): string | null {
  pattern.lastIndex = code.length;
  return pattern.exec(source)?.[0] ?? null;
}

function spaces(text: string): string {
  return text.replace(/[^\n]/g, " ");
}

function quoted(text: string): string {
  if (text.length < 2) return text;
  return text[0] + spaces(text.slice(1, -1)) + text.at(-1);
}

/** The line, counted from 1, in which the character at `index` stands. */
export function lineAt(source: string, index: number): number {
  return source.slice(0, index).split("\n").length;
}

/** Everything a module imports or re-exports, types and literal dynamic imports included. */
export function importsOf(source: string): Import[] {
  const code = blank(source);
  return Array.from(code.matchAll(/\b(?:from|import\s*\(?)\s*"( *)"/g), (match) => {
    const end = match.index + match[0].length - 1;
    return {
      specifier: source.slice(end - match[1]!.length, end),
      line: lineAt(source, match.index),
    };
  });
}

/** All blocks in braces, in the order of their ends. */
export function blocksOf(source: string): Block[] {
  const code = blank(source);
  const blocks: Block[] = [];
  const open: { header: string; firstLine: number }[] = [];
  let previous = 0;
  for (const match of code.matchAll(/[;{}]/g)) {
    if (match[0] === "{") {
      const header = code.slice(previous, match.index);
      const start = previous + header.length - header.trimStart().length;
      open.push({ header: header.trim(), firstLine: lineAt(code, start) });
    } else if (match[0] === "}") {
      const begun = open.pop();
      if (begun) blocks.push({ ...begun, lastLine: lineAt(code, match.index) });
    }
    previous = match.index + 1;
  }
  return blocks;
}
