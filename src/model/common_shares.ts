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
  /** What the thread has worked, milliseconds. */
  readonly now: () => number;
  /** The clock by which shares are refilled, milliseconds. */
  readonly passed: () => number;

  /**
   * `now` gives what the thread has worked: while others have its CPU, nobody spends anything.
   * `passed` is the clock by which shares are refilled. Both in milliseconds; neither goes back.
   */
  constructor(
    shares: TimeShares,
    now: () => number = () => performance.now(),
    passed: () => number = now,
  ) {
    this.#shares = shares;
    this.now = now;
    this.passed = passed;
  }

  /** Whether a user has time left. */
  may(uid: number): boolean {
    return this.#shares.may(uid, this.passed());
  }

  /** Counts what a user has spent since a moment of {@linkcode ThreadTime.now}. */
  spend(uid: number, since: number): void {
    this.#shares.spend(uid, this.now() - since, this.passed());
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

  /** `worked` gives what the thread has worked so far, in milliseconds. */
  static of(worked?: () => number): CommonShares {
    const { rate, burstMs } = COMMON_LIMITS.thread;
    const passed = () => performance.now();
    return new CommonShares(
      new ThreadTime(new TimeShares(rate, burstMs), worked ?? passed, passed),
    );
  }

  /** `time` is the thread's. */
  constructor(time: ThreadTime) {
    const { total, reserve } = COMMON_LIMITS.patterns;
    this.time = time;
    this.patterns = new Shares(total, reserve);
  }
}
