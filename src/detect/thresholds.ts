/**
 * What is taken for trouble: each bound has a name, and docs/findings.md the reason for it.
 *
 * @module
 */
const MS = 1e6;
const S = 1e9;
const MINUTE = 60 * S;

/** What a threshold is given in: a number, or nanoseconds that are written as 30s or 5m. */
export type Unit = "count" | "time";

/** One threshold. */
export interface Threshold {
  readonly unit: Unit;
  /** Its value where none is given: a number, or nanoseconds. */
  readonly initial: number;
  readonly means: string;
}

/** All of them, by the names that people give. */
export const THRESHOLDS = {
  "loop-times": count(5, "bad ends in a row of the same command that make a loop"),
  "loop-life": time(30 * S, "what runs longer has started, and is in no loop"),
  "loop-pause": time(45 * S, "longest pause from an end to the next start in a loop"),
  "loop-shell-life": time(100 * MS, "what nobody manages and ends sooner is a test that says no"),
  "loop-shell-times": count(20, "the same as loop-times where a shell may wait for something"),
  "storm-forks": count(20_000, "forks in the stretch that make a storm"),
  "storm-stretch": time(MINUTE, "the stretch in which the forks of a storm are counted"),
  "storm-share": count(10, "times what was usual before that make a storm"),
  "kill-life": time(MINUTE, "a kill by nobody knows whom is told of what has run so long"),
  "failing-times": count(3, "runs of a periodic command that are looked at"),
  "failing-period": time(45 * S, "shortest period of a command that fails repeatedly"),
  "zombies": count(10, "zombies of one parent that make trouble"),
  "runaway": time(5 * MINUTE, "how long a process has used a CPU that nobody waits for"),
  "stuck": time(2 * MINUTE, "how long a process has been in D, or stopped"),
  "ship-lag": time(10 * MINUTE, "how far a place that is shipped to may be behind"),
  "quiet": time(10 * MINUTE, "what has not been seen for so long is over"),
} as const satisfies Record<string, Threshold>;

/** Name of a threshold. */
export type ThresholdName = keyof typeof THRESHOLDS;

/** A value for each. */
export type Limits = Readonly<Record<ThresholdName, number>>;

/** The initial values. */
export const INITIAL_LIMITS = Object.fromEntries(
  Object.entries(THRESHOLDS).map(([name, { initial }]) => [name, initial]),
) as Limits;

function count(initial: number, means: string): Threshold {
  return { unit: "count", initial, means };
}

function time(initial: number, means: string): Threshold {
  return { unit: "time", initial, means };
}
