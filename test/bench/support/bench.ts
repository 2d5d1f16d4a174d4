/**
 * What every section of the benchmark is given, and what it gives.
 *
 * @module
 */
import { number } from "./table.ts";
import type { Tool } from "./tools.ts";

/** One run of the benchmark. */
export interface Bench {
  /** How often each measurement is repeated. */
  readonly rounds: number;
  /** Shorter loads, for trying the benchmark out. */
  readonly quick: boolean;
  /** Minutes that a fleet is filled for; null: an hour, or two where it is to be quick. */
  readonly minutes: number | null;
  readonly isRoot: boolean;
  /** Path of the executable that is measured, open to any user; null when it is not built. */
  readonly fh: string | null;
  /** Installed peers that can run here. */
  readonly peers: readonly Tool[];
  /** Folder for outputs, open to any user; removed at the end. */
  readonly folder: string;
  /** Tells how far the benchmark is. */
  say(line: string): void;
}

/** One goal, and what became of it. */
export interface Goal {
  readonly number: number;
  readonly text: string;
  readonly measured: string;
  /** Null when it could not be measured. */
  readonly reached: boolean | null;
  /** By how much not; "" when reached. */
  readonly short: string;
}

/** One section of docs/benchmarks.md. */
export interface Section {
  readonly title: string;
  /** Lines of Markdown. */
  readonly body: readonly string[];
  readonly goals: readonly Goal[];
}

/** A goal that is reached when `value` is at most `limit`. */
export function atMost(
  goal: number,
  text: string,
  value: number,
  limit: number,
  measured: string,
): Goal {
  const reached = Number.isFinite(value) ? value <= limit : null;
  const excess = limit === 0
    ? `${number(value)} too many`
    : `${number(value / limit)} times the limit`;
  const short = reached === false ? excess : "";
  return { number: goal, text, measured, reached, short };
}

/** A goal that is reached when `value` is at least `limit`. */
export function atLeast(
  goal: number,
  text: string,
  value: number,
  limit: number,
  measured: string,
): Goal {
  const reached = Number.isFinite(value) ? value >= limit : null;
  const short = reached === false ? `${number(limit - value)} too few` : "";
  return { number: goal, text, measured, reached, short };
}
