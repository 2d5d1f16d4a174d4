/**
 * The errors of what is not in a history.
 *
 * @module
 */
import { CommandError, EXIT } from "../fault.ts";
import { localTime } from "../host/local_time.ts";
import type { BootSpan } from "../model/bounds.ts";
import { behindWords } from "./behind.ts";
import { missingClause } from "./missing.ts";
import type { Notes } from "./notes.ts";
import { noProcess } from "./not_found.ts";
import type { Store } from "./store.ts";
import type { Target } from "./text/target.ts";

/** The error of a time of which nothing was recorded. */
export function outside({ bounds, place, behind }: Store): CommandError {
  const range = bounds.range();
  const what = range === null
    ? `nothing was recorded in ${place} yet`
    : `${place} goes from ${localTime(range.since)} to ${localTime(range.until)}`;
  const known = behind === null ? what : `${what}; ${behindWords(behind)}`;
  return new CommandError(EXIT.notFound, `No history at that time: ${known}; give a time within`);
}

/** Notes that nothing was found, and where it was looked for. */
export function noteNothing(notes: Notes, { place }: Store, spans: readonly BootSpan[]): void {
  const [first, last] = [spans[0], spans.at(-1)];
  const where = first === undefined || last === undefined
    ? `in ${place}`
    : `from ${localTime(first.boot.moment(first.since))} to ` +
      `${localTime(last.boot.moment(last.until))} in ${place}`;
  notes.add("nothing", `nothing found ${where}`);
}

/** The error of a process that is neither in /proc nor in the history. */
export async function neverSeen(
  store: Store,
  { pid, at, id }: Target,
): Promise<CommandError> {
  const { bounds, place } = store;
  if (id !== null) {
    const unknown = await missingClause(store, bounds.all());
    const what = `No process ${id}: it is not in /proc and not in ${place}${unknown}`;
    return new CommandError(EXIT.notFound, `${what}; give an id that fh log --json shows`);
  }
  if (at !== null && bounds.spans(at, at + 1).length === 0) return outside(store);
  const when = at === null ? "" : ` at ${localTime(at)}`;
  const range = bounds.range();
  const since = range === null ? "is empty" : `goes back to ${localTime(range.since)}`;
  // A time is given to the second.
  const spans = at === null ? bounds.all() : bounds.spans(at, at + 1000);
  const unknown = await missingClause(store, spans);
  return noProcess(pid, `not in /proc, and not in the history${when}; that ${since}${unknown}`);
}
