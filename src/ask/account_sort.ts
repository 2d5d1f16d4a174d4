/**
 * The order of rows of costs.
 *
 * @module
 */
import type { CostRow } from "./account.ts";
import type { CostSums } from "./store.ts";

/** The figure of each key, largest first. */
const FIGURES = {
  cpu: ({ userUs, systemUs }) => userUs + systemUs,
  count: ({ processes }) => processes,
  failed: ({ failed }) => failed,
  elapsed: ({ elapsedUs }) => elapsedUs,
  utime: ({ userUs }) => userUs,
  stime: ({ systemUs }) => systemUs,
  minflt: ({ minorFaults }) => minorFaults,
  majflt: ({ majorFaults }) => majorFaults,
  peak: ({ peakBytes }) => peakBytes,
  read: ({ readBytes }) => readBytes,
  write: ({ writeBytes }) => writeBytes,
  csw: ({ voluntarySwitches, involuntarySwitches }) => voluntarySwitches + involuntarySwitches,
} as const satisfies Record<string, (sums: CostSums) => number>;

/** Names of columns by which rows can be sorted, and of what they are the sums of. */
export const SORT_KEYS = [...Object.keys(FIGURES), "name"] as (keyof typeof FIGURES | "name")[];

/** One of them. */
export type SortKey = typeof SORT_KEYS[number];

/**
 * Rows in another order than that in which they are found; those with the same figure stay as they
 * are, which is by CPU time.
 */
export function sortRows(rows: readonly CostRow[], key: SortKey = "cpu"): readonly CostRow[] {
  // Where no account is known, rows are found by the time that they took.
  if (key === "cpu") return rows;
  if (key === "name") return rows.toSorted((a, b) => compare(nameOf(a), nameOf(b)));
  const figure = FIGURES[key];
  return rows.toSorted((a, b) => figure(b.sums) - figure(a.sums));
}

function nameOf({ of }: CostRow): string {
  return of.map(([, value]) => String(value)).join(" ");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
