/**
 * Values of options and operands: text in, typed value or {@linkcode UsageError} out.
 *
 * @module
 */
import { cutName } from "../../model/program_names.ts";
import { UsageError } from "../../fault.ts";
import { CHANGE_KINDS, type ChangeKind } from "../../model/change_kinds.ts";
import { suggest } from "./suggest.ts";

const PID_MAX = 4_194_304;
/** 100 years: what is longer is a slip. */
const DURATION_MAX_NS = 100 * 365 * 86_400e9;
/** A shorter one would keep a CPU busy. */
const PERIOD_MIN_NS = 100_000;

const NS_PER_UNIT: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
  d: 86_400e9,
};

const SIZE_UNITS = "KMGT";

/** Events that `-e/--event` knows. */
export const EVENT_NAMES: readonly ChangeKind[] = CHANGE_KINDS.filter((kind) =>
  kind !== "gap" && kind !== "snapshot"
);

/** Answers what `--user` asks. */
export interface UserIds {
  /** The uid of a user's name, or of a number; null when there is no such user. */
  uid(nameOrNumber: string): number | null;
  /** What to do about a name that is unknown, where these are no users of this host. */
  readonly advice?: string;
}

/** `250ms`, `10s`, `1.5m`, `2h`, `7d` in nanoseconds. */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ns|us|ms|s|m|h|d)$/.exec(text);
  if (match === null) {
    throw new UsageError(
      `Bad duration: ${quoted(text)}; give a number and a unit, such as 250ms, 10s, 3m, 2h or 7d`,
    );
  }
  const ns = Math.round(Number(match[1]) * NS_PER_UNIT[match[2]!]!);
  if (ns > DURATION_MAX_NS) {
    throw new UsageError(`Bad duration: ${quoted(text)}; give at most 100 years`);
  }
  return ns;
}

/** A poll period in nanoseconds: a duration of at least 100 microseconds. */
export function parsePeriod(text: string): number {
  const ns = parseDuration(text);
  if (ns < PERIOD_MIN_NS) throw new UsageError(`Bad period: ${quoted(text)}; give at least 100us`);
  return ns;
}

/** `512M`, `1.5G`, `100KiB`, `4096` in bytes; the units are powers of 1024. */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(?:([KMGT])i?)?B?$/i.exec(text);
  if (match === null) {
    throw new UsageError(
      `Bad size: ${quoted(text)}; give bytes, or a number with K, M, G or T, such as 512M or 2G`,
    );
  }
  const unit = match[2] === undefined
    ? 1
    : 1024 ** (SIZE_UNITS.indexOf(match[2].toUpperCase()) + 1);
  const bytes = Math.round(Number(match[1]) * unit);
  if (bytes < 1) throw new UsageError(`Bad size: ${quoted(text)}; give at least 1 byte`);
  if (bytes <= Number.MAX_SAFE_INTEGER) return bytes;
  throw new UsageError(`Bad size: ${quoted(text)}; give less than 8192T`);
}

/** How many times a speed: `1x`, `0.5x`, `10x`. */
export function parseRate(text: string): number {
  const rate = /^\d+(?:\.\d+)?x?$/.test(text) ? parseFloat(text) : 0;
  if (rate > 0) return rate;
  throw new UsageError(`Bad rate: ${quoted(text)}; give one such as 1x, 0.5x or 10x`);
}

/** A process id: a whole number from 1 to the kernel's limit (PID_MAX_LIMIT). */
export function parsePid(text: string): number {
  return parseWhole("pid", text, 1, PID_MAX);
}

/** How many: a whole number from 1. */
export function parseCount(text: string): number {
  return parseWhole("count", text, 1, Number.MAX_SAFE_INTEGER);
}

function parseWhole(what: string, text: string, min: number, max: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : NaN;
  if (number >= min && number <= max) return number;
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min}` : `from ${min} to ${max}`;
  throw new UsageError(`Bad ${what}: ${quoted(text)}; give a whole number ${range}`);
}

/** Names of events with commas between them. */
export function parseEvents(text: string): ChangeKind[] {
  const kinds = parseNames(text).map((name) => parseName("event", name, EVENT_NAMES));
  return [...new Set(kinds)];
}

/** A parser of one word out of `names`; `what` is what it is called: "source". */
export function parseChoice<Name extends string>(
  what: string,
  names: readonly Name[],
): (text: string) => Name {
  return (text) => parseName(what, text, names);
}

function parseName<Name extends string>(
  what: string,
  text: string,
  names: readonly Name[],
): Name {
  const name = names.find((name) => name === text);
  if (name !== undefined) return name;
  const meant = suggest(text, names);
  const some = names.length === 1 ? names[0] : `one of ${names.join(", ")}`;
  const help = meant === null ? `give ${some}` : `did you mean ${meant}?`;
  throw new UsageError(`Unknown ${what}: ${quoted(text)}; ${help}`);
}

/** Words with commas between them. */
export function parseNames(text: string): string[] {
  const names = text.split(",");
  if (names.every((name) => name !== "")) return names;
  throw new UsageError(`Bad list: ${quoted(text)}; give names with commas between them`);
}

/** A regular expression in JavaScript's syntax. */
export function parseRegex(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    const { message } = error as Error;
    const reason = message.slice(message.lastIndexOf(": ") + 2);
    throw new UsageError(`Bad regular expression: ${quoted(text)}; ${reason}`);
  }
}

/** A test for whole texts, and the text that it was made of. */
export interface Glob {
  (text: string): boolean;
  readonly glob: string;
}

/**
 * A {@linkcode parseGlob} for names of programs: one that is longer than the kernel keeps names
 * fits what is left of it, too.
 */
export function parseNameGlob(text: string): Glob {
  const whole = parseGlob(text);
  const cut = cutGlob(text);
  if (cut === null) return whole;
  return Object.assign((name: string) => whole(name) || name === cut, { glob: text });
}

/** What the kernel keeps of a name; null for a pattern, and for a name that is kept whole. */
export function cutGlob(text: string): string | null {
  if (/[*?[\\]/.test(text)) return null;
  const cut = cutName(text);
  return cut === text ? null : cut;
}

/**
 * A test for whole texts: `*` stands for any text, `?` for one character, `[a-z]` for one of
 * these, `[!a-z]` for one of the others; `\` takes away the meaning of what follows. A text that is
 * the same letter by letter passes too.
 */
export function parseGlob(text: string): Glob {
  try {
    const pattern = new RegExp(globSource(text), "su");
    return Object.assign((text: string) => pattern.test(text), { glob: text });
  } catch {
    throw new UsageError(`Bad pattern: ${quoted(text)}; give ranges in order, such as [a-z]`);
  }
}

/**
 * A glob as a regular expression, in which a dot stands for any character; `before` is another,
 * for what stands before. What is the glob letter by letter matches, whatever the glob means:
 * systemctl prints the name of a unit with `\x2d` in it, and people put a star behind it.
 */
export function globSource(text: string, before = ""): string {
  const ways = new Set([globTokens(text, false), globTokens(text, true), exactly(text)]);
  const source = [...ways].join("|");
  return ways.size === 1 ? `^${before}${source}$` : `^${before}(?:${source})$`;
}

function globTokens(text: string, plainBackslash: boolean): string {
  let source = "";
  // A set that is longer is none: nobody writes one, and its end would be looked for each time.
  const tokens = /\[[!^]?\]?(?:\\[^]|[^\]\\]){0,256}\]|\\[^]|\*+|[^]/gu;
  for (const [token] of text.matchAll(tokens)) source += globToken(token, plainBackslash);
  return source;
}

/** The text itself; a star and a question mark are among what they stand for. */
function exactly(text: string): string {
  return /[\[\\]/.test(text) ? literal(text) : globTokens(text, false);
}

function globToken(token: string, plainBackslash: boolean): string {
  if (token[0] === "*") return ".*";
  if (token === "?") return ".";
  if (token.length > 2 && token[0] === "[") return globSet(token.slice(1, -1));
  const escaped = token.length > 1 && token[0] === "\\" && !plainBackslash;
  return literal(escaped ? token.slice(1) : token);
}

function globSet(members: string): string {
  const negated = /^[!^]/.test(members);
  const set = (negated ? members.slice(1) : members)
    .replace(/\\([^])|[\]\[^\\]/gu, (all, escaped: string | undefined) => {
      return `\\${escaped ?? all}`.replace(/^\\([^\^$\\.*+?()[\]{}|\/-])$/u, "$1");
    });
  return `[${negated ? "^" : ""}${set}]`;
}

function literal(text: string): string {
  return text.replace(/[\^$\\.*+?()[\]{}|\/]/g, "\\$&");
}

/** The uid that a user name or a number stands for. */
export function parseUser(text: string, users: UserIds): number {
  const uid = users.uid(text);
  if (uid !== null) return uid;
  const { advice = "give a user name of this host or a uid" } = users;
  throw new UsageError(`Unknown user: ${quoted(text)}; ${advice}`);
}

/** `text` for a message, where an empty one would not be seen. */
export function quoted(text: string): string {
  return text === "" ? "''" : text;
}
