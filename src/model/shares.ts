/**
 * What one user may take of something that is limited: room, open things, time.
 *
 * First come, first served would let one user take all. Here nobody holds more than is left for
 * others, so there is always something left: one user alone gets half, two get a third each, n get
 * 1/(n+1) (A. K. Choudhury, E. L. Hahne, "Dynamic queue length thresholds", 1998). The part that is
 * set aside for root is nobody else's.
 *
 * @module
 */

const ROOT = 0;

/** Amounts that users hold of a total: bytes, or numbers of things. */
export class Shares {
  /** What all users together may hold. */
  readonly total: number;
  readonly #reserve: number;
  readonly #most: number;
  readonly #held = new Map<number, number>();
  #used = 0;

  /**
   * `reserve` of `total` is for root alone; no other user holds more than `most`, however much is
   * left. All three in the same unit.
   */
  constructor(total: number, reserve: number = total / 4, most: number = Infinity) {
    this.total = total;
    this.#reserve = reserve;
    this.#most = most;
  }

  /** What all users hold together. */
  get used(): number {
    return this.#used;
  }

  /** What `uid` holds. */
  held(uid: number): number {
    return this.#held.get(uid) ?? 0;
  }

  /** What `uid` may still take now; 0 or less: nothing. */
  left(uid: number): number {
    const free = this.total - this.#used;
    if (uid === ROOT) return free;
    // To hold no more than is left afterwards: held + x <= free - x, without what is root's.
    const fair = (free - this.#reserve - this.held(uid)) / 2;
    return Math.min(fair, this.#most - this.held(uid));
  }

  /** Takes `amount` for `uid`; false, and nothing is taken, where that is beyond its share. */
  take(uid: number, amount: number): boolean {
    if (amount > this.left(uid)) return false;
    this.charge(uid, amount);
    return true;
  }

  /** Takes `amount` for `uid` whether it fits or not: what is there already must be counted. */
  charge(uid: number, amount: number): void {
    this.#used += amount;
    this.#held.set(uid, this.held(uid) + amount);
  }

  /** Gives back what was taken. */
  give(uid: number, amount: number): void {
    const held = this.held(uid);
    const back = Math.min(held, amount);
    this.#used -= back;
    if (back === held) this.#held.delete(uid);
    else this.#held.set(uid, held - back);
  }

  /** Who holds the most, root aside; null when nobody else holds anything. */
  get largest(): number | null {
    let uid: number | null = null;
    let most = 0;
    for (const [candidate, held] of this.#held) {
      if (candidate === ROOT || held <= most) continue;
      uid = candidate;
      most = held;
    }
    return uid;
  }
}

interface Allowance {
  /** Milliseconds that may be spent at once; below zero: spent in advance. */
  left: number;
  /** When it was refilled last, milliseconds. */
  at: number;
}

/** Time that a user's affairs may take of a thread, refilled as it passes. */
export class TimeShares {
  readonly #rate: number;
  readonly #burst: number;
  readonly #others: Allowance;
  readonly #byUid = new Map<number, Allowance>();

  /**
   * `rate` is the part of a thread that all users but root may take together, 0 to 1; one user gets
   * half of it. `burstMs` may be spent at once after a rest.
   */
  constructor(rate: number, burstMs: number) {
    this.#rate = rate;
    this.#burst = burstMs;
    this.#others = { left: burstMs * 2, at: 0 };
  }

  /** Whether `uid` has time left at `nowMs` (any clock that does not go back). */
  may(uid: number, nowMs: number): boolean {
    return this.left(uid, nowMs) > 0;
  }

  /** Milliseconds that `uid` may spend at once; root always may. */
  left(uid: number, nowMs: number): number {
    if (uid === ROOT) return Infinity;
    const all = this.#refill(this.#others, nowMs, this.#rate, this.#burst * 2);
    return Math.min(all, this.#refill(this.#of(uid, nowMs), nowMs, this.#rate / 2, this.#burst));
  }

  /** Counts `ms` that were spent for `uid`. */
  spend(uid: number, ms: number, nowMs: number): void {
    if (uid === ROOT) return;
    this.left(uid, nowMs);
    this.#others.left -= ms;
    this.#of(uid, nowMs).left -= ms;
  }

  #of(uid: number, nowMs: number): Allowance {
    let own = this.#byUid.get(uid);
    if (own !== undefined) return own;
    this.#forgetRested(nowMs);
    own = { left: this.#burst, at: nowMs };
    this.#byUid.set(uid, own);
    return own;
  }

  /** Whoever has rested long enough is as one who never came. */
  #forgetRested(nowMs: number): void {
    for (const [uid, own] of this.#byUid) {
      if (this.#refill(own, nowMs, this.#rate / 2, this.#burst) >= this.#burst) {
        this.#byUid.delete(uid);
      }
    }
  }

  #refill(own: Allowance, nowMs: number, rate: number, most: number): number {
    own.left = Math.min(most, own.left + Math.max(0, nowMs - own.at) * rate);
    own.at = Math.max(own.at, nowMs);
    return own.left;
  }
}

/**
 * What a user may hold of `total` when all have taken what they want: where dynamic thresholds come
 * to rest. Who holds less keeps it; of the rest each has as much as is left over.
 */
export function restingShare(total: number, held: Iterable<number>): number {
  const amounts = [...held].sort((a, b) => b - a);
  let within = amounts.reduce((sum, amount) => sum + amount, 0);
  let beyond = 0;
  for (const amount of amounts) {
    if (amount <= (total - within) / (beyond + 1)) break;
    within -= amount;
    beyond++;
  }
  return (total - within) / (beyond + 1);
}
