/**
 * How fast the poller looks: quickly while things happen, slowly while nothing does.
 *
 * @module
 */

/** Period while processes come and go, when none was asked for. */
export const ACTIVE_NS = 1_000_000;
/** The same where each look lists /proc. */
const LISTING_NS = 5_000_000;
/** Longest period while nothing happens. */
export const QUIET_NS = 10_000_000;
/** Each quiet period is longer than the one before by this factor. */
const BACK_OFF = 1.25;
/** How long activity is expected to go on. */
const ACTIVE_FOR_NS = 250_000_000;

/** The period of a poller, as a function of what it saw. */
export class Pace {
  readonly #floor: number;
  readonly #quietest: number;
  /** Whether nobody asked for a period of their own. */
  readonly adaptive: boolean;
  #activeUntil = 0;
  #quiet: number;

  /**
   * `intervalNs` is the shortest period that was asked for; null chooses. `cheap` tells whether a
   * look costs microseconds (the pid counter) or a listing of /proc.
   */
  constructor(intervalNs: number | null, cheap: boolean) {
    this.adaptive = intervalNs === null && cheap;
    this.#floor = intervalNs ?? (cheap ? ACTIVE_NS : LISTING_NS);
    this.#quietest = Math.max(this.#floor, QUIET_NS);
    this.#quiet = this.#floor;
  }

  /** Something was forked, ran another program, or ended at `now`. */
  active(now: number): void {
    this.#activeUntil = now + ACTIVE_FOR_NS;
    this.#quiet = this.#floor;
  }

  /** Nanoseconds to sleep before the next look. */
  period(now: number): number {
    if (now < this.#activeUntil) return this.#floor;
    const period = this.#quiet;
    this.#quiet = Math.min(this.#quietest, this.#quiet * BACK_OFF);
    return period;
  }
}
