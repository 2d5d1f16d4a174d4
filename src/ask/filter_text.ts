/**
 * Filters as one text: the options of `fh log`, for an option that has a filter as its value.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { UsageError } from "../fault.ts";
import type { FilterOptions } from "./filter.ts";
import { parseDuration, parseGlob, parseNameGlob, parseRegex, quoted } from "./text/values.ts";

/** Those that are about a life, and not about a moment of it or about others. */
const OPTIONS = {
  user: { type: "string", short: "u", multiple: true },
  comm: { type: "string", short: "c", multiple: true },
  match: { type: "string", short: "m", multiple: true },
  cgroup: { type: "string", multiple: true },
  failed: { type: "boolean" },
  "min-duration": { type: "string" },
} as const;
const KNOWN = "-u, -c, -m, --cgroup, --failed and --min-duration, as in fh log";
/** A word: quotes keep what is between them together. */
const WORD = /(?:[^\s'"]+|'[^']*'|"[^"]*")+/g;
const QUOTES = /'([^']*)'|"([^"]*)"/g;

/** Reads `-u www-data -c 'nginx*' --failed`. Throws UsageError. */
export function parseFilterText(text: string): FilterOptions {
  const words = (text.match(WORD) ?? []).map((word) => {
    return word.replace(
      QUOTES,
      (_, one: string | undefined, two: string | undefined) => one ?? two ?? "",
    );
  });
  // What no word has is an open quote.
  if (text.replace(WORD, "").trim() !== "") throw bad(text, "a quote is not closed");
  if (words.length === 0) throw bad(text, "it asks for nothing");
  const { user, comm, match, cgroup, failed, "min-duration": least } = wordsToValues(text, words);
  return {
    ...user === undefined ? {} : { user },
    ...comm === undefined ? {} : { comm: comm.map(parseNameGlob) },
    ...match === undefined ? {} : { match: match.map(parseRegex) },
    ...cgroup === undefined ? {} : { cgroup: cgroup.map(parseGlob) },
    ...failed ? { failed } : {},
    ...least === undefined ? {} : { minDuration: parseDuration(least) },
  };
}

function wordsToValues(text: string, args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: false }).values;
  } catch (error) {
    throw bad(text, (error as Error).message.split(/[.;\n]/)[0]!);
  }
}

function bad(text: string, why: string): UsageError {
  return new UsageError(`Bad filter: ${quoted(text)}: ${why}; give ${KNOWN}`);
}
