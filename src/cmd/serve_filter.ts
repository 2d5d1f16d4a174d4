/**
 * Filters as requests have them: the options of the command line, as JSON.
 *
 * Whoever may connect chooses the patterns, so they are matched by RE2, which takes time in
 * proportion to the text: a regular expression that backtracks could stop the server for hours.
 *
 * @module
 */
import { RE2JS } from "re2js";
import { Lineage, PastLineage } from "../model/lineage.ts";
import type { Process } from "../model/process.ts";
import { bad, Refusal } from "../serve/protocol.ts";
import type { ParsedFilter } from "../serve/server.ts";
import { UsageError } from "./command.ts";
import { createFilter, type FilterOptions, type Shown } from "./filter.ts";
import { globSource, parseDuration, parseEvents, parsePid, type UserIds } from "./values.ts";

/** A pattern is no longer than this, and there are no more of a kind. */
const PATTERN_MAX = 1024;
const PATTERNS_MAX = 64;
/**
 * RE2 takes time in proportion to the text and to the size of the program that the patterns
 * become: so many instructions for all of a filter. Counted repeats are copies.
 */
const PROGRAM_MAX = 2000;
const REPEATS_MAX = 200;
/** What is matched of a text for who is not trusted: a command line can be very long. */
const TEXT_MAX = 4096;

type Text = string | number;
type Parsers = {
  readonly [Name in keyof FilterOptions]-?: (value: unknown, name: string) => FilterOptions[Name];
};

function parsers(textMax: number): Parsers {
  const globs = (value: unknown, name: string, whole = (glob: string) => glob) =>
    limited(list(value, name).map((one) => compile(globSource(whole(`${one}`)), "(?s)", textMax)))
      .map(({ test }) => test);
  return {
    pid: (value, name) => list(value, name).map((pid) => parsePid(String(pid))),
    event: (value, name) => list(value, name).flatMap((kind) => parseEvents(String(kind))),
    user: (value, name) => list(value, name).map(String),
    comm: (value, name) => globs(value, name),
    match: (value, name) =>
      limited(list(value, name).map((pattern) => compile(`${pattern}`, "", textMax))),
    failed: (value, name) => flag(value, name),
    minDuration: (value) => parseDuration(String(value)),
    cgroup: (value, name) => globs(value, name),
    // A name alone is one in any folder.
    exe: (value, name) => globs(value, name, (glob) => glob.includes("/") ? glob : `*/${glob}`),
    unit: (value, name) => globs(value, name),
  };
}

function limited(patterns: Pattern[]): Pattern[] {
  const size = patterns.reduce((sum, pattern) => sum + pattern.size, 0);
  if (size <= PROGRAM_MAX) return patterns;
  throw new UsageError("Bad patterns: too large all together; give fewer, or smaller ones");
}

/** Names in requests, and what the options are called. */
const NAMES: Readonly<Record<string, keyof FilterOptions>> = Object.assign(Object.create(null), {
  pid: "pid",
  event: "event",
  user: "user",
  comm: "comm",
  match: "match",
  failed: "failed",
  min_duration: "minDuration",
  cgroup: "cgroup",
  exe: "exe",
  unit: "unit",
});

/** What of it a rule can ask: what a process runs, and as whom. */
const RULE_NAMES: readonly string[] = ["exe", "match", "user", "cgroup", "unit", "comm"];

/** Who asks. */
export interface Asker {
  /** Who is meant by `pid`: the process that has it when it is asked. */
  find(pid: number): Process | undefined;
  /** Whether a long text may be matched to its end. */
  readonly trusted: boolean;
}

/** Understands a filter; throws {@linkcode Refusal} EFAULT. */
export function parseFilter(
  filter: unknown,
  users: UserIds,
  { find, trusted }: Asker,
): ParsedFilter {
  const options = readOptions(filter, parsers(trusted ? Infinity : TEXT_MAX));
  const roots: string[] = [];
  try {
    const live = createFilter(options, users, (pids) => {
      const lineage = new Lineage(pids);
      for (const pid of pids) {
        const process = find(pid);
        if (!process?.alive) continue;
        lineage.meet(process);
        roots.push(`${pid}-${process.startTicks}`);
      }
      return lineage;
    });
    const past = createFilter(options, users, (pids) => new PastLineage(pids));
    // The same pid may be another process for who asks later.
    return { key: `${JSON.stringify(filter)} ${roots.join(" ")}`, live, past };
  } catch (error) {
    throw refusalOf(error, "filter");
  }
}

/** Understands what a rule asks of a process; throws {@linkcode Refusal} EFAULT. */
export function parseRule(
  filter: unknown,
  users: UserIds,
  trusted: boolean,
): (shown: Shown) => boolean {
  const options = readOptions(filter, parsers(trusted ? Infinity : TEXT_MAX));
  const other = Object.keys(options).find((name) => !RULE_NAMES.includes(name));
  const known = `a rule asks for ${RULE_NAMES.join(", ")}`;
  if (other !== undefined) throw new Refusal("EFAULT", `Bad rule: ${other}; ${known}`);
  try {
    const { ofImage } = createFilter(options, users);
    if (ofImage !== null) return ofImage;
  } catch (error) {
    throw refusalOf(error, "user");
  }
  throw new Refusal("EFAULT", `Bad rule: it asks for nothing; ${known}`);
}

function readOptions(filter: unknown, parsers: Parsers): FilterOptions {
  if (typeof filter !== "object" || filter === null || Array.isArray(filter)) {
    throw bad("filter", filter, 'give an object such as {"event":["exec"]}');
  }
  const options: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(filter)) {
    const option = NAMES[name];
    if (option === undefined) {
      const names = Object.keys(NAMES).join(", ");
      throw new Refusal("EFAULT", `Unknown filter: ${name.slice(0, 80)}; know ${names}`);
    }
    try {
      options[option] = parsers[option](value, name);
    } catch (error) {
      throw refusalOf(error, name);
    }
  }
  return options;
}

function list(value: unknown, name: string): Text[] {
  const values: unknown[] = Array.isArray(value) ? value : [value];
  const isText = (one: unknown) => typeof one === "string" || typeof one === "number";
  if (values.length === 0 || values.length > PATTERNS_MAX || !values.every(isText)) {
    throw bad(`filter.${name}`, value, `give a text or a number, or up to ${PATTERNS_MAX} of them`);
  }
  return values as Text[];
}

function flag(value: unknown, name: string): boolean {
  if (typeof value === "boolean") return value;
  throw bad(`filter.${name}`, value, "give true or false");
}

/** A pattern that matches in bounded time. */
interface Pattern {
  readonly size: number;
  test(text: string): boolean;
}

function compile(source: string, flags: string, textMax: number): Pattern {
  if (source.length > PATTERN_MAX || countedRepeats(source) > REPEATS_MAX) {
    const limits = `${PATTERN_MAX} characters, repeats of ${REPEATS_MAX} in all`;
    throw new UsageError(`Bad pattern: larger than ${limits}; give a smaller one`);
  }
  try {
    const pattern = RE2JS.compile(flags + source);
    const test = (text: string) => pattern.test(text.slice(0, textMax));
    return { size: pattern.programSize(), test };
  } catch (error) {
    throw new UsageError(`Bad pattern: ${(error as Error).message}; see RE2's syntax`);
  }
}

/** How many copies the counted repeats of a pattern can make, as if all were in one another. */
function countedRepeats(source: string): number {
  let copies = 1;
  for (const [, low, high] of source.matchAll(/\{(\d+)(?:,(\d*))?\}/g)) {
    copies *= Math.max(1, Number(low), Number(high || 0));
  }
  return copies;
}

function refusalOf(error: unknown, name: string): unknown {
  if (!(error instanceof UsageError)) return error;
  return new Refusal("EFAULT", `Bad filter.${name}: ${error.message}`);
}
