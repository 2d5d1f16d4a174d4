/**
 * What the questions about the past have in common: which time is meant, and what is known of it.
 *
 * @module
 */
import { UsageError } from "../fault.ts";
import type { BootSpan, Bounds } from "../model/bounds.ts";
import { outside } from "./never_seen.ts";
import type { Store } from "./store.ts";
import { AHEAD_MAX_MS, inFuture, parseMoment } from "./text/moments.ts";
import { quoted } from "./text/values.ts";

/** A clock that was set back has shown times that lie ahead now: checkAhead() refuses others. */
const ANY = { latest: Infinity };

/** A stretch of time, milliseconds since the epoch; null where it is open. */
export interface Stretch {
  readonly since: number | null;
  readonly until: number | null;
  /** The first of the two that has not come yet, as it was given. */
  readonly ahead: { readonly text: string; readonly moment: number } | null;
}

/** `--since` and `--until` as moments; throws UsageError where they make no stretch. */
export function readStretch(
  { since, until }: { readonly since?: string; readonly until?: string },
  now: number,
): Stretch {
  const read = (text: string | undefined) => {
    return text === undefined ? null : { text, moment: parseMoment(text, now, ANY) };
  };
  const times = [read(since), read(until)] as const;
  const stretch = {
    since: times[0]?.moment ?? null,
    until: times[1]?.moment ?? null,
    ahead: times.find((time) => time !== null && time.moment > now + AHEAD_MAX_MS) ?? null,
  };
  if (stretch.since === null || stretch.until === null) return stretch;
  if (stretch.since < stretch.until) return stretch;
  throw new UsageError(
    `Bad times: ${quoted(since!)} is not before ${quoted(until!)}; give --since the earlier one`,
  );
}

/** Throws UsageError where a time lies ahead that no clock of a history has shown. */
export function checkAhead({ ahead }: Stretch, bounds: Bounds | null): void {
  if (ahead !== null && ahead.moment > (bounds?.latest ?? 0)) throw inFuture(ahead.text);
}

/** What of a stretch was recorded; throws CommandError (status 3) when nothing was. */
export function recordedSpans(store: Store, stretch: Stretch): BootSpan[] {
  const { since, until } = stretch;
  checkAhead(stretch, store.bounds);
  const spans = store.bounds.spans(since ?? 0, until ?? Number.MAX_SAFE_INTEGER);
  if (spans.length > 0) return spans;
  throw outside(store);
}
