/**
 * What the affairs of users take of a recorder's main thread and memory, whichever they are:
 * requests, rules, subscriptions and registrations draw on one share.
 *
 * @module
 */
import { Shares, TimeShares } from "./shares.ts";

/** The limits, all users together; src/model/shares.ts says what one of them gets. */
export const COMMON_LIMITS = {
  /** Part of the main thread's time, and what one may spend at once. */
  thread: { rate: 0.4, burstMs: 100 },
  /** Bytes of compiled patterns and of the states of their automata. */
  patterns: { total: 24 << 20, reserve: 6 << 20 },
} as const;

/** Time of one thread, counted where it is spent. */
export class ThreadTime {
  readonly #shares: TimeShares;
  /** Milliseconds; does not go back. */
  readonly now: () => number;

  /** `now` gives milliseconds, and does not go back. */
  constructor(shares: TimeShares, now: () => number = () => performance.now()) {
    this.#shares = shares;
    this.now = now;
  }

  /** Whether a user has time left. */
  may(uid: number): boolean {
    return this.#shares.may(uid, this.now());
  }

  /** Counts what a user has spent since a moment of {@linkcode ThreadTime.now}. */
  spend(uid: number, since: number): void {
    const now = this.now();
    this.#shares.spend(uid, now - since, now);
  }

  /** Does something for a user, and counts how long that takes. */
  run<T>(uid: number, act: () => T): T {
    const began = this.now();
    try {
      return act();
    } finally {
      this.spend(uid, began);
    }
  }
}

/** The shares that all rooms draw on. */
export class CommonShares {
  readonly time: ThreadTime;
  /** Bytes. */
  readonly patterns: Shares;

  /** `time` is the thread's, unless a test has its own. */
  constructor(time?: ThreadTime) {
    const { thread: { rate, burstMs }, patterns: { total, reserve } } = COMMON_LIMITS;
    this.time = time ?? new ThreadTime(new TimeShares(rate, burstMs));
    this.patterns = new Shares(total, reserve);
  }
}
