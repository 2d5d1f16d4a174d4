/**
 * What the poller remembers of a process, in order to notice what changes.
 *
 * @module
 */
import type { Image } from "../../model/image.ts";
import { TICK_NS } from "../../model/process.ts";
import type { ExecMark } from "../likeness.ts";

/** An exec soon after the fork is the rule: how long a process counts as young. */
const YOUNG_NS = 10_000_000_000;
/** A young process is looked at again when its age has grown by this part. */
const AGE_STEP = 0.25;
const FIRST_STEP_NS = 300_000;
/** A round over all processes takes so many calls at least. */
const ROUND_CALLS = 4;

/** A process the poller has seen. Times are nanoseconds since boot. */
export interface Known {
  readonly pid: number;
  /** Start as /proc/PID/stat gives it; null where /proc hid the process. */
  readonly startTicks: number | null;
  /** Its pidfd; negative where there is none. */
  readonly fd: number;
  readonly ppid: number;
  /** A thread of the kernel: once it is old it runs no program. */
  readonly kernel: boolean;
  image: Image;
  /** An image that shows an exec but no command line: it was in the middle of it, or dead. */
  halfSeen: Uint8Array | null;
  /** What tells its next exec from a new title; null where that was not read. */
  mark: ExecMark | null;
  /** When it was first seen. */
  readonly foundAt: number;
  /** Its fork was told, or counted as one since the beginning. */
  counted: boolean;
  /** When it is to be looked at again for an exec. */
  checkAt: number;
  /** When it was first seen to have ended; null before. */
  endedAt: number | null;
  /** Its exit was told, though its parent has not reaped it. */
  told: boolean;
  /** Its io file, where an account is wanted and that may be read; negative otherwise. */
  io: number;
  /** Its account was told. */
  accounted: boolean;
}

/** What nobody has looked at yet. */
export const UNSEEN = {
  mark: null,
  checkAt: 0,
  endedAt: null,
  told: false,
  io: -1,
  accounted: false,
} as const satisfies Partial<Known>;

/** What the first look at a process found. */
export interface Sight {
  readonly pid: number;
  readonly fd: number;
  /** On /proc/PID. */
  readonly handle: number;
  /** Its name; null where /proc shows nothing of it. The rest is in the reader's stat line. */
  readonly comm: Uint8Array | null;
  /** It was forked after this. */
  readonly since: number;
  readonly now: number;
}

/** Whether a task that started in that clock tick was there at `time`. */
export function isBefore(startTicks: number, time: number): boolean {
  return (startTicks + 1) * TICK_NS < time;
}

/** The known processes, and which of them are due for a look. */
export class KnownProcesses {
  readonly #byPid = new Map<number, Known>();
  readonly #young = new Set<Known>();
  /** Ended, neither reaped nor told. */
  readonly zombies: Set<Known> = new Set();
  #round: Known[] = [];
  #share = 0;

  get(pid: number): Known | undefined {
    return this.#byPid.get(pid);
  }

  all(): Iterable<Known> {
    return this.#byPid.values();
  }

  /** Adds a process; a young one is looked at more often. */
  add(known: Known, young: boolean): void {
    this.#byPid.set(known.pid, known);
    if (!young) return;
    known.checkAt = known.foundAt + FIRST_STEP_NS;
    this.#young.add(known);
  }

  remove(known: Known): void {
    if (this.#byPid.get(known.pid) === known) this.#byPid.delete(known.pid);
    this.#young.delete(known);
    this.zombies.delete(known);
  }

  /** Calls `visit` for each living young process that is due. */
  visitYoung(now: number, visit: (known: Known) => void): void {
    for (const known of this.#young) {
      if (known.checkAt > now) continue;
      const age = now - known.foundAt;
      if (age > YOUNG_NS || known.endedAt !== null) this.#young.delete(known);
      known.checkAt = now + Math.max(FIRST_STEP_NS, age * AGE_STEP);
      if (known.endedAt === null) visit(known);
    }
  }

  /**
   * Calls `visit` for the next living processes of an endless round: at most `most` of them, and
   * each at most once in ROUND_CALLS calls.
   */
  visitRound(most: number, visit: (known: Known) => void): void {
    if (this.#round.length === 0) {
      this.#round = [...this.#byPid.values()].filter(({ kernel }) => !kernel);
      this.#share = Math.min(most, Math.ceil(this.#round.length / ROUND_CALLS));
    }
    for (let i = 0; i < this.#share; i++) {
      const known = this.#round.pop();
      if (known === undefined) return;
      if (known.endedAt === null && this.#byPid.get(known.pid) === known) visit(known);
    }
  }
}
