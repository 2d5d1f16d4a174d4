/**
 * What is wrong: a finding begins, goes on, and is over.
 *
 * @module
 */
import type { Process } from "../model/process.ts";

/** Kinds of findings, the worst first. */
export const FINDING_KINDS = [
  "oom-kill",
  "crash-loop",
  "fork-storm",
  "core-dump",
  "runaway",
  "stuck",
  "zombies",
  "failing",
  "restart-loop",
  "killed",
  "ship-lag",
  "first-seen",
] as const;

/** One of {@linkcode FINDING_KINDS}. */
export type FindingKind = typeof FINDING_KINDS[number];

/** What is known of a finding beside its kind and its process; null where it does not apply. */
export interface FindingFacts {
  /** Who starts it again, does not wait, or has started the storm. */
  readonly by: Process | null;
  /** Mean life of those that have ended, nanoseconds. */
  readonly meanLifeNs: number | null;
  /** From one start to the next, nanoseconds. */
  readonly everyNs: number | null;
  /** When it ended well the last time, nanoseconds since boot. */
  readonly lastGood: number | null;
  /** Forks per second, and what was usual before. */
  readonly rate: number | null;
  readonly usual: number | null;
  /** Share of the forks that come from below `by`, 0 to 1. */
  readonly share: number | null;
  /** Share of a CPU that it uses, 0 to 1 and more. */
  readonly cpu: number | null;
  /** Why the kernel has ended it, the program that is new, or where it is not shipped to. */
  readonly reason: string | null;
}

/** Facts of who has none. */
export const NO_FACTS: FindingFacts = {
  by: null,
  meanLifeNs: null,
  everyNs: null,
  lastGood: null,
  rate: null,
  usual: null,
  share: null,
  cpu: null,
  reason: null,
};

/** One finding; it is the same object from its begin to its end. */
export class Finding {
  /** When it was seen last, nanoseconds since boot. */
  until: number;
  /** How often: ends, forks, zombies. */
  count = 1;
  /** The latest process that it is about. */
  process: Process;
  facts: FindingFacts = NO_FACTS;
  isOver = false;
  /** It was told once. */
  isTold = false;

  /**
   * `key` names it: the same trouble has the same key, also in another look at the same past.
   * `since` is when it began, nanoseconds since boot; `subject` is what it is about.
   */
  constructor(
    readonly kind: FindingKind,
    readonly key: string,
    process: Process,
    readonly since: number,
    readonly subject: string = key,
  ) {
    this.process = process;
    this.until = since;
  }

  /** Whose the process is; null where that is not known. */
  get uid(): number | null {
    return this.process.uid;
  }
}

/** The key of a finding of a kind about a subject: FNV-1a, 32 bits. */
export function keyOf(kind: FindingKind, subject: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < subject.length; i++) {
    hash = Math.imul(hash ^ subject.charCodeAt(i), 0x01000193);
  }
  return `${kind}-${(hash >>> 0).toString(16).padStart(8, "0")}`;
}
