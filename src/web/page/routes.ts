/**
 * Views of the page, and their texts: what stands in an address, and the command line that gives
 * the same answer. Pure.
 *
 * @module
 */
import { quoteArgv } from "../../text/quote.ts";

/** All views, in the order in which they are offered. */
export const VIEWS = ["now", "tree", "time", "jobs", "accounts", "findings", "host"] as const;

/** One of {@linkcode VIEWS}. */
export type View = typeof VIEWS[number];

/** A view and what it is to show, as words. */
export interface Route {
  readonly view: View;
  readonly params: Readonly<Record<string, string>>;
}

/** Reads a fragment; what is none is the first view. */
export function parseRoute(fragment: string): Route {
  const [, name = "", words = ""] = /^#\/([a-z]*)(?:\?(.*))?$/s.exec(fragment) ?? [];
  const view = VIEWS.find((one) => one === name) ?? VIEWS[0];
  return { view, params: Object.fromEntries(new URLSearchParams(words)) };
}

/** The fragment; words that are empty are left out. */
export function routeText({ view, params }: Route): string {
  const given = Object.entries(params).filter(([, value]) => value !== "");
  const words = new URLSearchParams(given).toString();
  return words === "" ? `#/${view}` : `#/${view}?${words}`;
}

/** Words of a view that are a filter, and their options. */
const FILTERS: readonly (readonly [word: string, option: string])[] = [
  ["pid", "-p"],
  ["user", "-u"],
  ["comm", "-c"],
  ["match", "-m"],
  ["min", "--min-duration"],
];

/** A filter as the recorder takes it; null where nothing is asked for. */
export function filterOf({ params }: Route): Readonly<Record<string, unknown>> {
  const { pid, user, comm, match, min, failed, event } = params;
  return {
    ...pid ? { pid: pid.split(/[ ,]+/) } : {},
    ...user ? { user } : {},
    ...comm ? { comm } : {},
    ...match ? { match } : {},
    ...min ? { min_duration: min } : {},
    ...failed ? { failed: true } : {},
    ...event ? { event: event.split(",") } : {},
  };
}

/** Where the page asks, for commands that are to answer the same. */
export interface Places {
  /** Whether it asks a recorder; false: a history that was named. */
  readonly live: boolean;
  /** The history, where it is not the usual one. */
  readonly db: string | null;
  /** The recorder's socket, where one was named. */
  readonly socket: string | null;
  /** The URL of the fleet that is asked; empty: that of FH_FLEET. */
  readonly fleet?: string;
  /** The hosts of it that are asked. */
  readonly host?: string;
}

/** The usual recorder, and its history. */
export const NOWHERE: Places = { live: true, db: null, socket: null };

type Words = Route["params"];

const COMMANDS: Readonly<Record<View, (words: Words, places: Places) => readonly string[]>> = {
  now: (words, { live, fleet }) => [
    ...fleet === undefined ? ["watch", ...live ? [] : ["--source", "replay"]] : ["log", "--follow"],
    ...words["event"] ? ["-e", words["event"]] : [],
    ...filters(words),
  ],
  tree: ({ pid }) => ["tree", ...pid ? [pid] : []],
  time: (words) => ["log", ...span(words, "1h ago"), ...filters(words)],
  jobs: ({ job }) => job ? ["job", "show", job] : ["job", "list"],
  accounts: (words) => [
    "account",
    ...["--by", words["by"] || "command"],
    ...span(words, "1h ago"),
    ...filters(words),
  ],
  findings: (words) => ["trouble", ...span(words, "")],
  host: (_words, { live, fleet }) => {
    if (fleet !== undefined) return ["fleet", "status"];
    return live ? ["doctor"] : ["record", "--status"];
  },
};
/** Views whose commands ask a recorder, where there is one. */
const OF_RECORDER: ReadonlySet<View> = new Set(["now", "jobs", "host"]);

/** The command line that gives the same answer, without what is chosen beside it. */
export function commandOf({ view, params }: Route, places: Places = NOWHERE): readonly string[] {
  const asksRecorder = places.live && OF_RECORDER.has(view);
  const isOfFleet = view === "host" && places.fleet !== undefined;
  const where = isOfFleet ? fleetOf(places) : fileOf(places);
  return ["fh", ...COMMANDS[view](params, places), ...asksRecorder ? [] : where];
}

/** The same for a terminal: it can be pasted. */
export function commandText(route: Route, places: Places): string {
  return pasted(commandOf(route, places), places);
}

/** How to ask for a process in a terminal. */
export function whyText(id: string, places: Places): string {
  return pasted(["fh", "why", id, ...fileOf(places)], places);
}

function fileOf({ db, fleet, host = "*" }: Places): string[] {
  if (fleet === undefined) return db === null ? [] : ["--db", db];
  return [...fleetOf({ fleet }), "--host", host];
}

function fleetOf({ fleet }: Pick<Places, "fleet">): string[] {
  return fleet === undefined || fleet === "" ? [] : ["--fleet", fleet];
}

function pasted(argv: readonly string[], { socket }: Places): string {
  return quoteArgv([...socket === null ? [] : ["env", `FH_SOCKET=${socket}`], ...argv]);
}

function filters(words: Words): string[] {
  const given = FILTERS.flatMap(([word, option]) => {
    const value = words[word];
    return value ? [option, value] : [];
  });
  return words["failed"] ? [...given, "--failed"] : given;
}

function span({ since, until }: Words, initial: string): string[] {
  const from = since || initial;
  return [...from === "" ? [] : ["--since", from], ...until ? ["--until", until] : []];
}
