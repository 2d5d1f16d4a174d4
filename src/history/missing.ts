/**
 * What is missing of stretches of the past, summed up by reason.
 *
 * @module
 */
import type { Missing } from "../ask/store.ts";
import type { BootSpan } from "../model/bounds.ts";
import { GAP_WORDS } from "../model/event.ts";
import { finish, STEP_ROWS, type Steps } from "../steps.ts";
import type { History } from "./history.ts";
import { column, nullable, TypedRows } from "./typed.ts";

/** Reasons that a file may have; those that this version does not know are one. */
const REASONS_MAX = 32;

type Row = readonly [
  reason: string,
  gaps: number,
  unknown: number,
  lost: number | null,
  since: number,
  until: number,
  ns: number,
];

/** One for each reason, in the order of time; a gap that touches several stretches counts once. */
export function missingIn(history: History, spans: readonly BootSpan[]): Missing[] {
  return finish(missingSteps(history, spans));
}

/** The same with pauses: of a long line of ancestors there are many stretches. */
export function* missingSteps(history: History, spans: readonly BootSpan[]): Steps<Missing[]> {
  const found = new Map<string, Missing>();
  const rows = prepare(history);
  const sorted = spans.toSorted((a, b) => a.boot.id - b.boot.id || a.since - b.since);
  for (const [index, { boot, since, until }] of sorted.entries()) {
    if ((index + 1) % STEP_ROWS === 0) yield;
    const next = sorted[index + 1];
    const before = next?.boot === boot ? next.since : Number.MAX_SAFE_INTEGER;
    for (const row of rows.all(boot.id, since, until, before)) {
      const [word, gaps, unknown, lost, first, last, ns] = row;
      const reason = GAP_WORDS.includes(word) ? word : "unknown";
      const more = {
        reason,
        gaps,
        lost: unknown > 0 ? null : lost,
        since: { boot, ns: first },
        until: { boot, ns: last },
        ns,
      };
      const known = found.get(reason);
      if (known === undefined) found.set(reason, more);
      else join(known, more);
    }
  }
  return [...found.values()];
}

function join(known: Missing, more: Missing): void {
  known.gaps += more.gaps;
  known.lost = known.lost === null || more.lost === null ? null : known.lost + more.lost;
  known.ns += more.ns;
  if (isBefore(more.since, known.since)) known.since = more.since;
  if (isBefore(known.until, more.until)) known.until = more.until;
}

/** Boots of several hosts are at the same time; of one boot only the clock is the same. */
function isBefore(one: Missing["since"], other: Missing["since"]): boolean {
  if (one.boot === other.boot) return one.ns < other.ns;
  return one.boot.moment(one.ns) < other.boot.moment(other.ns);
}

function prepare({ db }: History): TypedRows<Row> {
  const within = "min(gap.until, CAST(?3 AS INTEGER)) - max(gap.since, CAST(?2 AS INTEGER))";
  return new TypedRows<Row>(
    db,
    [
      column("gap.reason", "name"),
      column("count(*)", "count"),
      column("count(*) - count(gap.lost)", "count"),
      nullable("sum(gap.lost)", "count"),
      column("min(gap.since)", "time"),
      column("max(gap.until)", "time"),
      column(`sum(max(0, ${within}))`, "count"),
    ],
    `FROM gap WHERE boot = ?1 AND until >= ?2 AND since < ?3 AND until < ?4
      GROUP BY gap.reason ORDER BY min(gap.since) LIMIT ${REASONS_MAX}`,
  );
}
