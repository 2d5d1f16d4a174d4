/**
 * Secrets that stand behind their name in the same word: assignments, parameters of URLs and
 * connection strings, fields of JSON, headers.
 *
 * @module
 */
import type { Found } from "./secret_found.ts";
import { isSecretName, isSecretValue } from "./secret_names.ts";
import type { Word } from "./script.ts";

/** Names are at most so long. */
const NAME_MAX = 64;
const TAIL = 1;
const PART = 2;
/** What stands in a name, and between it and what separates it from its value. */
const SIGNS = new Uint8Array(128);
for (const sign of "\"'\\] +?:") SIGNS[sign.charCodeAt(0)] = TAIL;
for (const sign of "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") {
  SIGNS[sign.charCodeAt(0)] = PART;
}
const HEADER = new RegExp(
  "^-?H?(?:(?:proxy-)?authorization|(?:set-)?cookie|x-[\\w-]*(?:key|token|secret|auth|password)" +
    "|(?:private|job|deploy|auth|access)-token|(?:api-?|subscription-)key)$",
  "i",
);
/** Parameters of URLs that prove who made them. */
const SIGNATURE = /^(?:sig|signature|x-(?:amz|goog)-signature)$/i;
/** The word in front of the secret of an Authorization header. */
const SCHEME = /^[A-Za-z][\w-]*[ \t]+(?=\S)/;
/** In a script a value that is put in when it runs, unless it stands in single quotes. */
const REFERENCE = /^(?:\$\(.*|\$\{\w+\}|\$\w*|`.*)$/s;
const REFERENCE_MAX = 256;

/** Ends of values, by what stands before the name. */
const PARAMETER_END = /[&#\s"'<>]/;
const LIST_END = /,|["'](?=[,;:\s)}\]]|$)/;
const SETTING_END = /;|["'](?=[,;:\s)}\]]|$)/;
const CODE_END = /[\s,;&)}\]"'`|<>]/;
const FLOW_END = /[\s,;}\]"'`|<>]/;
/** What stands before the name of a field that has no quotes. */
const FIELD_BEFORE = /^["'=\n\r{]?$/;
/** A value may contain what separates settings, as long as no name follows. */
const WORD_END = /[;,&\s](?=\s{0,4}[\w .-]{1,40}=|$)/;
const LINE_END = /[\r\n]|\\[rn]/;

/** Finds secrets in one word; `inScript` where a shell is still going to read it. */
export function findInWord(found: Found, word: Word, inScript: boolean): void {
  const { text } = found;
  for (let at = word.start; at < word.end; at++) {
    const code = text.charCodeAt(at);
    if (code !== 0x3d && code !== 0x3a) continue; // '=', ':'
    const name = nameBefore(text, word.start, at);
    if (name === null) continue;
    const pair = { word, name, at, inScript };
    at = Math.max(at, code === 0x3d ? findAssigned(found, pair) : findField(found, pair));
  }
}

/**
 * Hides a value if it is one: not its quotes, and not the `pass:` of openssl. Returns the end of
 * what is hidden, or -1.
 */
export function hideValue(found: Found, name: string, value: Word, inScript: boolean): number {
  const { text } = found;
  const opened = openingQuote(text, value);
  let start = value.start;
  let { end } = value;
  if (opened !== "") {
    start += opened.length;
    end = closingQuote(text, start, end, opened);
  }
  const content = text.slice(start, end);
  if (!isSecretValue(name, content)) return -1;
  if (inScript && isReference(text, start, end)) return -1;
  if (content.startsWith("pass:")) start += 5;
  found.hide(start, end);
  return end;
}

function isReference(text: string, start: number, end: number): boolean {
  if (end - start > REFERENCE_MAX || text[start - 1] === "'") return false;
  return REFERENCE.test(text.slice(start, end));
}

/** A name, and what stands before it. */
interface Name {
  readonly start: number;
  readonly text: string;
  /** It is in quotes, as in JSON. */
  readonly quoted: boolean;
  /** Empty at the beginning of the word. */
  readonly before: string;
}

interface Pair {
  readonly word: Word;
  readonly name: Name;
  /** Where the separator stands. */
  readonly at: number;
  readonly inScript: boolean;
}

function nameBefore(text: string, start: number, at: number): Name | null {
  let end = at;
  while (end > start && at - end < 4 && SIGNS[text.charCodeAt(end - 1)] === TAIL) end--;
  if (end === start || SIGNS[text.charCodeAt(end - 1)] !== PART) return null;
  const quoted = text[end] === '"' || text[end] === "'" || text[end] === "\\";
  if (text[end - 3] === "%" && /^%5d$/i.test(text.slice(end - 3, end))) end -= 3;
  let begin = end;
  while (begin > start && end - begin < NAME_MAX && SIGNS[text.charCodeAt(begin - 1)] === PART) {
    begin--;
  }
  if (begin === end) return null;
  let before = begin === start ? "" : text[begin - 1]!;
  // A line break that printf(1) is going to make.
  if (before === "\\" && /[nrt]/.test(text[begin]!)) {
    begin++;
    before = "\n";
  }
  return { start: begin, text: text.slice(begin, end), quoted, before };
}

/** `name=value`; returns where to go on, or -1. */
function findAssigned(found: Found, pair: Pair): number {
  const { text } = found;
  const { word, name, inScript } = pair;
  const isParameter = name.before === "?" || name.before === "&";
  const isSignature = isParameter && SIGNATURE.test(name.text);
  if (!isSignature && !isSecretName(name.text)) return -1;
  found.look();
  let start = pair.at + 1;
  if (text[start] === "=" || text[start] === ">") start++; // name==value, name=>value
  const spaced = skipSpaces(text, start, word.end);
  const value = { start: spaced, end: word.end };
  const opened = openingQuote(text, value);
  if (closesText(pair, opened)) return hideAppended(found, pair, spaced + opened.length);
  if (opened === "") {
    if (spaced > start) return hideLonely(found, pair, spaced);
    value.end = start + lengthOf(text.slice(start, word.end), endAfter(name));
  }
  return hideValue(found, isSignature ? "secret" : name.text, value, inScript);
}

function endAfter({ before }: Name): RegExp {
  switch (before) {
    case "":
    case "=":
    case ":":
      return WORD_END;
    case "?":
    case "&":
      return PARAMETER_END;
    case ",":
      return LIST_END;
    case ";":
      return SETTING_END;
    case '"':
      return /"/;
    case "'":
      return /'/;
    default:
      return CODE_END;
  }
}

/** `name: value`, `"name":"value"`, a header, `pass:value`; returns where to go on, or -1. */
function findField(found: Found, pair: Pair): number {
  const { text } = found;
  const { word, name, at, inScript } = pair;
  const start = at + 1;
  const isHeader = HEADER.test(name.text);
  if (name.text === "pass" && start < word.end && text[start] !== " ") {
    return hideValue(found, "secret", { start, end: word.end }, inScript);
  }
  if (!isHeader && !isSecretName(name.text)) return -1;
  const value = { start: skipSpaces(text, start, word.end), end: word.end };
  if (name.quoted) {
    if (openingQuote(text, value) === "") {
      value.end = value.start + lengthOf(text.slice(value.start, word.end), CODE_END);
      return hideValue(found, name.text, value, inScript);
    }
    return isHeader
      ? hideHeader(found, pair, quotedPart(text, value))
      : hideValue(found, name.text, value, inScript);
  }
  found.look();
  if (isHeader) return hideBareHeader(found, pair, value);
  if (isOption(pair)) {
    value.end = start + lengthOf(text.slice(start, word.end), /\s/);
    return value.start > start ? -1 : hideValue(found, name.text, value, inScript);
  }
  const opened = openingQuote(text, value);
  if (closesText(pair, opened)) return hideAppended(found, pair, value.start + opened.length);
  // A field of an object: sentences do not go on with a quote.
  if (opened !== "") return hideValue(found, name.text, value, inScript);
  if (isInBraces(text, name, word)) {
    value.end = value.start + lengthOf(text.slice(value.start, word.end), FLOW_END);
    if (/[,}]/.test(text[value.end] ?? "")) return hideValue(found, name.text, value, inScript);
  }
  if (!FIELD_BEFORE.test(name.before)) return -1;
  return value.start > start ? hideLonely(found, pair, value.start) : -1;
}

/** `"password:"`, a text that ends there: that quote opens nothing. */
function closesText({ name }: Pair, opened: string): boolean {
  return opened !== "" && !name.quoted && opened.at(-1) === name.before;
}

/** What a shell puts behind such a text: `"password="secret`. */
function hideAppended(found: Found, { name, word, inScript }: Pair, start: number): number {
  if (start >= word.end || !/[\w$]/.test(found.text[start]!)) return -1;
  const end = start + lengthOf(found.text.slice(start, word.end), CODE_END);
  return hideValue(found, name.text, { start, end }, inScript);
}

/** `/password:secret`, `-password:secret`. */
function isOption({ name, word }: Pair): boolean {
  if (name.before === "/") return name.start === word.start + 1;
  return name.before === "" && name.text[0] === "-";
}

/** `{password: secret}`, `{user: u, password: secret}`. */
function isInBraces(text: string, name: Name, word: Word): boolean {
  let at = name.start;
  while (at > word.start && name.start - at < 4 && text[at - 1] === " ") at--;
  return at > word.start && (text[at - 1] === "{" || text[at - 1] === ",");
}

/** A header to the end of its line, or of the quotes that it stands in. */
function hideBareHeader(found: Found, pair: Pair, { start, end }: Word): number {
  const { before } = pair.name;
  if (!FIELD_BEFORE.test(before)) return -1;
  const last = /["']/.test(before) ? closingQuote(found.text, start, end, before) : end;
  const length = lengthOf(found.text.slice(start, last), LINE_END);
  return hideHeader(found, pair, { start, end: start + length });
}

/** The scheme of an Authorization header is no secret. */
function hideHeader(found: Found, { name, inScript }: Pair, value: Word): number {
  let { start } = value;
  if (/authorization$/i.test(name.text)) {
    start += SCHEME.exec(found.text.slice(start, value.end))?.[0].length ?? 0;
  }
  if (start >= value.end || (inScript && isReference(found.text, start, value.end))) return -1;
  found.hide(start, value.end);
  return value.end;
}

/** A value after a space is one if it is all there is on its line: sentences have colons too. */
function hideLonely(found: Found, { word, name, inScript }: Pair, start: number): number {
  const { text } = found;
  if (openingQuote(text, { start, end: word.end }) !== "") {
    return hideValue(found, name.text, { start, end: word.end }, inScript);
  }
  const end = start + lengthOf(text.slice(start, word.end), /[\s"']/);
  const next = text.slice(end, end + 1);
  if (end < word.end && next === " ") return -1;
  return hideValue(found, name.text, { start, end }, inScript);
}

function skipSpaces(text: string, at: number, end: number): number {
  const limit = Math.min(end, at + 4);
  while (at < limit && (text[at] === " " || text[at] === "\t")) at++;
  return at;
}

function lengthOf(text: string, end: RegExp): number {
  const at = text.search(end);
  return at < 0 ? text.length : at;
}

/** `"`, `'`, or with backslashes as in JSON within a string; empty where there is none. */
function openingQuote(text: string, { start, end }: Word): string {
  return /^\\{0,7}["']/.exec(text.slice(start, Math.min(end, start + 8)))?.[0] ?? "";
}

/** Where the quote stands that closes what `opened` has opened; `end` where there is none. */
function closingQuote(text: string, start: number, end: number, opened: string): number {
  const quote = opened.at(-1)!;
  for (let at = start; at < end; at++) {
    if (text[at] !== quote) continue;
    let backslashes = 0;
    while (backslashes < opened.length && text[at - 1 - backslashes] === "\\") backslashes++;
    if (backslashes === opened.length - 1) return at - backslashes;
  }
  return end;
}

function quotedPart(text: string, value: Word): Word {
  const opened = openingQuote(text, value);
  const start = value.start + opened.length;
  return { start, end: closingQuote(text, start, value.end, opened) };
}
