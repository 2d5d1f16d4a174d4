/**
 * Filters as requests have them: the options of the command line, as JSON.
 *
 * @module
 */
import { createFilter, type FilterOptions, type Shown } from "../ask/filter.ts";
import {
  cutGlob,
  globSource,
  parseDuration,
  parseEvents,
  parsePid,
  type UserIds,
} from "../ask/text/values.ts";
import { Refusal, UsageError } from "../fault.ts";
import { Lineage, PastLineage } from "../model/lineage.ts";
import type { Process } from "../model/process.ts";
import { PATTERN_LIMITS } from "./limits.ts";
import { PatternRoom } from "./patterns.ts";
import { bad } from "./protocol.ts";
import type { ParsedFilter } from "./server.ts";

type Text = string | number;
type Parsers = {
  readonly [Name in keyof FilterOptions]-?: (value: unknown, name: string) => FilterOptions[Name];
};

function parsers(room: PatternRoom, textMax: number): Parsers {
  const globs = (value: unknown, name: string, sourceOf = globSource) => {
    const sources = list(value, name).map((one) => {
      room.admit(`${one}`);
      return sourceOf(`${one}`);
    });
    return [room.compile(sources, "(?s)", textMax).test];
  };
  return {
    pid: (value, name) => list(value, name).map((pid) => parsePid(String(pid))),
    event: (value, name) => list(value, name).flatMap((kind) => parseEvents(String(kind))),
    user: (value, name) => list(value, name).map(String),
    comm: (value, name) => {
      const cut = list(value, name).flatMap((one) => cutGlob(`${one}`) ?? []);
      return globs([...list(value, name), ...cut], name);
    },
    match: (value, name) => [room.compile(list(value, name).map(String), "", textMax)],
    failed: (value, name) => flag(value, name),
    minDuration: (value) => parseDuration(String(value)),
    cgroup: (value, name) => globs(value, name),
    // A name alone is one in any folder.
    exe: (value, name) =>
      globs(value, name, (glob) => globSource(glob, glob.includes("/") ? "" : ".*\\/")),
    unit: (value, name) => globs(value, name),
  };
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

/** What a filter asks for, as options, and the memory that its patterns may take. */
export function filterOptions(
  filter: unknown,
  trusted: boolean,
): { readonly options: FilterOptions; readonly bytes: number } {
  const room = new PatternRoom();
  return { options: readOptions(filter, parsers(room, textMaxOf(trusted))), bytes: room.bytes };
}

/** Understands a filter; throws {@linkcode Refusal} EFAULT. */
export function parseFilter(
  filter: unknown,
  users: UserIds,
  { find, trusted }: Asker,
): ParsedFilter {
  const { options, bytes } = filterOptions(filter, trusted);
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
    const key = `${JSON.stringify(filter)} ${roots.join(" ")}`;
    return { key, live, past, bytes };
  } catch (error) {
    throw refusalOf(error, "filter");
  }
}

/** What a rule asks. */
export interface ParsedRule {
  readonly matches: (shown: Shown) => boolean;
  /** Memory that its patterns may take. */
  readonly bytes: number;
}

/** The filter of a rule as a history has it; a text that is no JSON stays one, and is no filter. */
export function storedFilter(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Understands what a rule asks of a process; throws {@linkcode Refusal} EFAULT. */
export function parseRule(filter: unknown, users: UserIds): ParsedRule {
  const room = new PatternRoom();
  // Whoever has made the rule: the texts that it is held against are everybody's.
  const options = readOptions(filter, parsers(room, PATTERN_LIMITS.text));
  const other = Object.keys(options).find((name) => !RULE_NAMES.includes(name));
  const known = `a rule asks for ${RULE_NAMES.join(", ")}`;
  if (other !== undefined) throw new Refusal("EFAULT", `Bad rule: ${other}; ${known}`);
  try {
    const { ofImage } = createFilter(options, users);
    if (ofImage !== null) return { matches: ofImage, bytes: room.bytes };
  } catch (error) {
    throw refusalOf(error, "user");
  }
  throw new Refusal("EFAULT", `Bad rule: it asks for nothing; ${known}`);
}

function textMaxOf(trusted: boolean): number {
  return trusted ? PATTERN_LIMITS.trustedText : PATTERN_LIMITS.text;
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
  if (values.length === 0 || values.length > PATTERN_LIMITS.perKind || !values.every(isText)) {
    throw bad(
      `filter.${name}`,
      value,
      `give a text or a number, or up to ${PATTERN_LIMITS.perKind} of them`,
    );
  }
  return values as Text[];
}

function flag(value: unknown, name: string): boolean {
  if (typeof value === "boolean") return value;
  throw bad(`filter.${name}`, value, "give true or false");
}

function refusalOf(error: unknown, name: string): unknown {
  if (!(error instanceof UsageError)) return error;
  return new Refusal("EFAULT", `Bad filter.${name}: ${error.message}`);
}
