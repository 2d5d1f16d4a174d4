/**
 * Sums that the recorder has kept for whole hours: a question over days reads the lives of its
 * first and its last hour alone.
 *
 * @module
 */
import type { CostKey } from "../ask/store.ts";
import type { BootSpan } from "../model/bounds.ts";
import type { CostGroups } from "./cost_groups.ts";
import { pragma } from "./file.ts";
import type { History } from "./history.ts";
import { FIGURES } from "../model/account.ts";
import { HOUR_NS, SUM_COLUMNS } from "./schema.ts";
import { type Column, column, type Kind, nullable, TypedRows } from "./typed.ts";

/** What sums are kept by, and what its keys are; not by parent, for parents are forgotten. */
export const KEPT_KEYS: Readonly<Partial<Record<CostKey, Kind>>> = {
  command: "name",
  user: "uid",
  unit: "name",
  container: "name",
  exit: "bits",
};
/** What stands for what is not known. */
export const NO_KEY = -1;

type SumRow = readonly [key: string | number | null, ...sums: number[]];

/** Of several of which the largest is taken, not the sum. */
const LARGEST = new Set(FIGURES.filter(({ isLargest }) => isLargest).map(({ column }) => column));
const SUMS: readonly Column[] = SUM_COLUMNS.map((name) => {
  return column(`${LARGEST.has(name) ? "max" : "sum"}(${name})`, "count");
});
const WITHIN = "FROM hour_sum WHERE boot = ? AND kind = ? AND hour >= ? AND hour < ?";

/** Adds the sums of the whole hours within stretches that are kept; what is left comes back. */
export function addHours(
  history: History,
  spans: readonly BootSpan[],
  by: CostKey,
  groups: CostGroups,
): readonly BootSpan[] {
  const kind = KEPT_KEYS[by];
  if (kind === undefined || pragma(history.db, "user_version") < 6) return spans;
  const { db } = history;
  const hours = new TypedRows<readonly [number]>(
    db,
    [column("hour", "key")],
    `${WITHIN} GROUP BY hour ORDER BY hour`,
  );
  const sums = new TypedRows<SumRow>(
    db,
    [nullable(`nullif(key, ${NO_KEY})`, kind), ...SUMS],
    // In the order of the keys: nothing is sorted.
    `${WITHIN.replaceAll("hour ", "+hour ")} GROUP BY key`,
  );
  // One state of the file: an hour whose sums go meanwhile would be in neither.
  db.exec("SAVEPOINT hours");
  try {
    return spans.flatMap((span) => {
      const [first, end] = [Math.ceil(span.since / HOUR_NS), Math.floor(span.until / HOUR_NS)];
      const wanted = [span.boot.id, by, first, end] as const;
      for (const [key, ...found] of sums.all(...wanted)) groups.group(key).addSums(found);
      return without(span, hours.all(...wanted).map(([hour]) => hour));
    });
  } finally {
    db.exec("RELEASE hours");
  }
}

/** What of a stretch lies in none of some hours, which are in order. */
function without(span: BootSpan, hours: readonly number[]): BootSpan[] {
  const left: BootSpan[] = [];
  let { since } = span;
  for (const hour of [...hours, Infinity]) {
    const until = Math.min(hour * HOUR_NS, span.until);
    if (until > since) left.push({ ...span, since, until });
    since = (hour + 1) * HOUR_NS;
  }
  return left;
}
