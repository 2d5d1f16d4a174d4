/**
 * The errors of what is not in a history.
 *
 * @module
 */
import { CommandError, EXIT } from "../fault.ts";
import type { History } from "../history/history.ts";
import { localTime } from "../host/local_time.ts";
import { missingClause } from "./missing.ts";
import { noProcess } from "./not_found.ts";
import type { Target } from "./text/target.ts";

/** The error of a time of which nothing was recorded. */
export function outside(history: History): CommandError {
  const range = history.range();
  const what = range === null
    ? `nothing was recorded in ${history.path} yet`
    : `${history.path} goes from ${localTime(range.since)} to ${localTime(range.until)}`;
  return new CommandError(EXIT.notFound, `No history at that time: ${what}; give a time within`);
}

/** The error of a process that is neither in /proc nor in the history. */
export function neverSeen(history: History, { pid, at, id }: Target): CommandError {
  const everything = history.spans(0, Number.MAX_SAFE_INTEGER);
  if (id !== null) {
    const unknown = missingClause(history, everything);
    const what = `No process ${id}: it is not in /proc and not in ${history.path}${unknown}`;
    return new CommandError(EXIT.notFound, `${what}; give an id that fh log --json shows`);
  }
  if (at !== null && history.spans(at, at + 1).length === 0) return outside(history);
  const when = at === null ? "" : ` at ${localTime(at)}`;
  const range = history.range();
  const since = range === null ? "is empty" : `goes back to ${localTime(range.since)}`;
  // A time is given to the second.
  const unknown = missingClause(history, at === null ? everything : history.spans(at, at + 1000));
  return noProcess(pid, `not in /proc, and not in the history${when}; that ${since}${unknown}`);
}
