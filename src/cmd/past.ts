/**
 * What the questions about the past have in common: which time is meant, and what is known of it.
 *
 * @module
 */
import type { BootSpan, History } from "../history/history.ts";
import { CommandError, type Context, EXIT, UsageError } from "./command.ts";
import { localTime } from "./local_time.ts";
import { parseMoment } from "./moments.ts";
import { quoted } from "./values.ts";

/** A stretch of time, milliseconds since the epoch; null where it is open. */
export interface Stretch {
  readonly since: number | null;
  readonly until: number | null;
}

/** `--since` and `--until` as moments; throws UsageError where they make no stretch. */
export function readStretch(
  { since, until }: { readonly since?: string; readonly until?: string },
  now: number,
): Stretch {
  const stretch = {
    since: since === undefined ? null : parseMoment(since, now),
    until: until === undefined ? null : parseMoment(until, now),
  };
  if (stretch.since === null || stretch.until === null) return stretch;
  if (stretch.since < stretch.until) return stretch;
  throw new UsageError(
    `Bad times: ${quoted(since!)} is not before ${quoted(until!)}; give --since the earlier one`,
  );
}

/** What of a stretch was recorded; throws CommandError (status 3) when nothing was. */
export function recordedSpans(history: History, { since, until }: Stretch): BootSpan[] {
  const spans = history.spans(since ?? 0, until ?? Number.MAX_SAFE_INTEGER);
  if (spans.length > 0) return spans;
  throw outside(history);
}

/** The error of a time of which nothing was recorded. */
export function outside(history: History): CommandError {
  const range = history.range();
  const what = range === null
    ? `nothing was recorded in ${history.path} yet`
    : `${history.path} goes from ${localTime(range.since)} to ${localTime(range.until)}`;
  return new CommandError(EXIT.notFound, `No history at that time: ${what}; give a time within`);
}

/** Says on standard error what a history would add, and how to have one. */
export function adviseToRecord({ stdout, stderr }: Context, what: string, quiet = false): void {
  if (quiet || stdout.closed) return;
  stderr.write(`fh: no history here: ${what}; to have one, run fh record (or its systemd unit)\n`);
}
