/**
 * A row of `fh top`.
 *
 * @module
 */
import type { Process } from "../model/process.ts";

/** What a row is of: a process with all below it, or all that have one value. */
export type Group = Process | string;

/** Samples that are kept of each row: a minute at one look a second. */
export const SAMPLES = 60;
/** Ancestors for which a process counts; more are hardly ever there, and cost. */
export const ANCESTORS_MAX = 64;

/** A row. */
export interface TopRow {
  readonly group: Group;
  /** The busiest of the living, or the process of a subtree; null when none lives. */
  process: Process | null;
  /** Percent of a CPU. */
  cpu: number;
  /** Resident memory of the living, bytes; pages that they share count for each. */
  memory: number;
  /** Living processes. */
  living: number;
  /** Processes started, a second. */
  started: number;
  /** Processes that failed, a second. */
  failed: number;
  /** Share of those that ended which had lived less than a second; null when none has ended. */
  short: number | null;
  /** Percent of a CPU at the last looks, the latest at the end. */
  minute: readonly number[];
  /** When the last had ended, nanoseconds since boot; null while one lives. */
  endedAt: number | null;
}

/** The sum of a row. */
export class Sum {
  /** Share of a CPU. */
  cpu = 0;
  bytes = 0;
  living = 0;
  started = 0;
  failed = 0;
  short = 0;
  ended = 0;
  #process: Process | null = null;
  #busiest = -1;

  /** Adds one that lives. */
  live(process: Process, share: number, bytes: number): void {
    this.cpu += share;
    this.bytes += bytes;
    this.living++;
    if (share <= this.#busiest) return;
    this.#busiest = share;
    this.#process = process;
  }

  /** The row. */
  row(group: Group, minute: readonly number[]): TopRow {
    const cpu = this.cpu * 100;
    return {
      group,
      process: typeof group === "string" ? this.#process : group,
      cpu,
      memory: this.bytes,
      living: this.living,
      started: this.started,
      failed: this.failed,
      short: this.ended === 0 ? null : this.short / this.ended,
      minute: Sum.next(minute, cpu),
      endedAt: null,
    };
  }

  /** The samples with one more, and not more than are kept. */
  static next(minute: readonly number[], cpu: number): readonly number[] {
    return [...minute.slice(1 - SAMPLES), cpu];
  }
}

/** A process, if it lives, and the living above it, whoever died in between. */
export function* climb(process: Process): Iterable<Process> {
  let at: Process | null = process;
  for (let level = 0; at !== null && level < ANCESTORS_MAX; level++, at = at.parent) {
    if (at.alive) yield at;
  }
}

/** The nearest above it that lives and is one of some; null when none is. */
export function livingParent(process: Process, some: ReadonlySet<Group>): Process | null {
  for (const at of climb(process)) if (at !== process && some.has(at)) return at;
  return null;
}
