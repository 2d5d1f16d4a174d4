/**
 * Columns that the tables of a fleet have of each process.
 *
 * @module
 */
import { FIGURES } from "../model/account.ts";

/** What a process has cost: microseconds, KiB, bytes. */
export const COST_COLUMNS: readonly string[] = FIGURES.map(({ column }) => column);

/** Counts of sums by the hour, before their costs. */
export const COUNT_COLUMNS: readonly string[] = [
  ...["processes", "failed", "unseen", "timed", "elapsed_us", "accounted"],
];

/** Columns of `fh.life` in their order, the wide ones first, so that none is padded. */
export const LIFE_COLUMNS: readonly string[] = [
  ...["host", "boot", "id", "born", "span", "ended", "parent", "exec"],
  ...COST_COLUMNS,
  ...["pid", "ppid", "reaper", "status", "flags", "image"],
];
