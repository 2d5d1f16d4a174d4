/**
 * What a page is given: tables of texts, and processes as columns of numbers.
 *
 * Processes stand in the order of the tree: each before its children, these by their starts. So
 * what is below a process follows it, and most columns say little more than what can be guessed.
 *
 * @module
 */
import type { Frame } from "../span.ts";

/** Columns of what a process has cost; times are microseconds. */
export const COST_COLUMNS = [
  "user_us",
  "system_us",
  "minor_faults",
  "major_faults",
  "peak_bytes",
  "read_bytes",
  "write_bytes",
  "voluntary_switches",
  "involuntary_switches",
] as const;

/** A figure of a cost, rounded as rounded.ts does; -1 where it is not known. */
export type CostColumn = typeof COST_COLUMNS[number];

/** Columns with one number for each process; -1 in a place of a table is what is not known. */
export const PROCESS_COLUMNS = [
  /** How far below the first of its tree it is. */
  "depth",
  /** See tree_times.ts. */
  "start",
  "end",
  /** 0 while it lives, and where its end is not known. */
  "is_ended",
  /** More than the pid of the process before. */
  "pid",
  /** Start in clock ticks since boot, more than its start says; `firstTick` is that of time 0. */
  "tick",
  /** Place in `boots`; -1 where the id is none of BOOT-PID-START, and stands in `otherIds`. */
  "boot",
  /** Wait status as of wait(2). */
  "status",
  "name",
  "exe",
  "cwd",
  "unit",
  "container",
  "user",
  "jobs",
  "host",
  /** Words of the command line, and one more; 0 where it is not known. */
  "words",
  ...COST_COLUMNS,
] as const;

/** The name of a column with one number for each process. */
export type ProcessColumn = typeof PROCESS_COLUMNS[number];

/** Numbers of a page by the name of their column; those of words.ts have lengths of their own. */
export type Columns = Readonly<
  Record<ProcessColumn | "word_refs" | "word_shared", ArrayLike<number>>
>;

/** A stretch of time, microseconds since the origin of the frame. */
export type Stretch = readonly [from: number, to: number];

/** What could be better about a build, and where that is seen. */
export interface PageHint {
  readonly kind: string;
  /** What was measured: a sentence. */
  readonly words: string;
  /** What could be done: a sentence. */
  readonly advice: string;
  readonly stretches: readonly Stretch[];
  /** Places of the processes that it is about. */
  readonly processes: readonly number[];
}

/** A process by its place, and what is said of it alone. */
export type Placed<T> = readonly (readonly [place: number, what: T])[];

/** What stands beside the columns. Times are microseconds since the origin of the frame. */
export interface Head {
  readonly version: 1;
  readonly frame: Frame;
  /** When the page was written, milliseconds since the Unix epoch. */
  readonly writtenMs: number;
  readonly count: number;
  /** The command's own process; -1 where there is none. */
  readonly root: number;
  /** CPU time of all that have an account, nanoseconds, and how many these are. */
  readonly cpuNs: number;
  readonly accounted: number;
  /** All words of command lines, folded as words.ts does. */
  readonly wordRests: readonly string[];
  readonly names: readonly string[];
  readonly exes: readonly string[];
  readonly cwds: readonly string[];
  readonly units: readonly string[];
  readonly containers: readonly string[];
  readonly hosts: readonly string[];
  readonly users: readonly (readonly [uid: number | null, name: string | null])[];
  readonly jobLists: readonly (readonly string[])[];
  /** First groups of boot ids. */
  readonly boots: readonly string[];
  /** What is added to `tick`, and to the ticks of 10 ms that the start has. */
  readonly firstTick: number;
  readonly otherIds: Placed<string>;
  /** pids of parents that are not in the report. */
  readonly outside: Placed<number>;
  /** Bytes of command lines that were not kept. */
  readonly argvMore: Placed<number>;
  /** Those of whom only the first sight is known, not the fork. */
  readonly seenLate: readonly number[];
  readonly hints: readonly PageHint[];
}

/** All that a page shows. */
export interface PageData {
  readonly head: Head;
  readonly columns: Columns;
}
