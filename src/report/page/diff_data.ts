/**
 * What a page has beside the processes of two runs: how they differ.
 *
 * @module
 */

/** A command that is different. Numbers are what rows are sorted by; null: not known. */
export interface DiffRow {
  /** What has become of it: `slower`, `new` and so on. */
  readonly change: string;
  readonly command: string;
  /** How much longer the end waited for it, nanoseconds, and in words. */
  readonly waited: number | null;
  readonly waitedText: string;
  /** How long it lived on each side, nanoseconds, and in words. */
  readonly before: number | null;
  readonly beforeText: string;
  readonly after: number | null;
  readonly afterText: string;
  /** How much more CPU time it took, nanoseconds, and in words. */
  readonly cpu: number | null;
  readonly cpuText: string;
  /** How many more there were, and how many on each side in words. */
  readonly count: number | null;
  readonly countText: string;
  /** How many more have failed, and how many on each side in words; empty where none has. */
  readonly failed: number | null;
  readonly failedText: string;
}

/** What stands above the timelines of two runs, and below. */
export interface DiffPage {
  /** How the runs differ, in a sentence. */
  readonly headline: string;
  /** The runs as a whole, in words. */
  readonly wholes: readonly (readonly [
    name: string,
    before: string,
    after: string,
    change: string,
  ])[];
  /** How many runs each side has: the one of the median time is drawn. */
  readonly runs: readonly [before: number, after: number];
  /** What made the runs slower first. The hints of both sides stand in the same order. */
  readonly rows: readonly DiffRow[];
  readonly notes: readonly string[];
}
