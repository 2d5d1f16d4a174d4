/**
 * Processes that may be gone, and when they are to be looked up. Pure: who asks tells the time and
 * what it has found.
 *
 * The exit of its last thread is the last that is heard of a process. Where the count of threads
 * leaves open whether an exit was that, the process is looked up some time after it. It is told as
 * gone only when it is found gone twice: by the second time whatever was on its way has been told.
 * What is still there is looked up again, each time after a longer pause: an exit is told a little
 * before the thread is gone, and on a busy host that may take a while.
 *
 * @module
 */
import type { Process } from "./process.ts";

/** From an exit to the first look, and between looks at a living process at first; milliseconds. */
const FIRST_MS = 300;
/** Between looks at a living process in the end. */
const LAST_MS = 30_000;
/** Between the look that finds it gone and the one that makes sure. */
const SURE_MS = 300;
/** Processes that are looked up at once at most; the others come first the next time. */
const MOST = 200;

interface Doubt {
  readonly process: Process;
  /** When the task exited that was heard of last, nanoseconds since boot. */
  exitAt: number;
  lookAt: number;
  pauseMs: number;
  isGone: boolean;
}

/** A process that is gone. */
export interface Gone {
  readonly process: Process;
  /** When it has ended, nanoseconds since boot. */
  readonly end: number;
}

/** All of them. Times are milliseconds of any clock that does not stand still. */
export class Doubts {
  readonly #all = new Map<Process, Doubt>();

  /** When the next look is due; Infinity when none is. */
  get nextAt(): number {
    let next = Infinity;
    for (const { lookAt } of this.#all.values()) next = Math.min(next, lookAt);
    return next;
  }

  /** A task of a process has exited at `exitAt`, nanoseconds since boot. */
  note(process: Process, exitAt: number, nowMs: number): void {
    const known = this.#all.get(process);
    const lookAt = nowMs + FIRST_MS;
    if (known === undefined) {
      const doubt = { process, exitAt, lookAt, pauseMs: FIRST_MS, isGone: false };
      this.#all.set(process, doubt);
      return;
    }
    known.exitAt = exitAt;
    known.pauseMs = FIRST_MS;
    if (!known.isGone) known.lookAt = Math.min(known.lookAt, lookAt);
  }

  /** Looks up those that are due; who is gone for certain comes back, and is not kept. */
  look(nowMs: number, isThere: (process: Process) => boolean, most: number = MOST): Gone[] {
    const due: Doubt[] = [];
    for (const doubt of this.#all.values()) {
      const { process, lookAt } = doubt;
      if (!process.alive || (process.counted && process.state !== "leaderless")) {
        this.#all.delete(process);
      } else if (lookAt <= nowMs && due.length < most) {
        due.push(doubt);
      }
    }
    return due.filter((doubt) => this.#isGone(doubt, nowMs, isThere(doubt.process)))
      .map(({ process, exitAt: end }) => ({ process, end }));
  }

  #isGone(doubt: Doubt, nowMs: number, isThere: boolean): boolean {
    const { process } = doubt;
    this.#all.delete(process);
    if (!isThere && doubt.isGone) return true;
    doubt.isGone = !isThere;
    doubt.lookAt = nowMs + (isThere ? doubt.pauseMs : SURE_MS);
    if (isThere) doubt.pauseMs = Math.min(LAST_MS, doubt.pauseMs * 2);
    // Behind all others: everyone has a turn.
    this.#all.set(process, doubt);
    return false;
  }
}
