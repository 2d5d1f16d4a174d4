/**
 * Counts by a label whose values others choose: a bounded number of them, and one for all others.
 *
 * Who comes gets a series as long as there is room. One that nothing has happened to for an hour
 * makes room for another; it is gone then, and begins at 0 if it comes back, as with a restart of
 * the program. No count ever moves from one series to another. Nobody takes more than a share: see
 * src/model/shares.ts.
 *
 * @module
 */
import { Shares } from "../model/shares.ts";

/** Series of one label, beside the one of all others; half of them are for what is root's alone. */
export const SERIES_LIMITS = { total: 50, reserve: 25, idleNs: 3600e9, valueLength: 128 } as const;

/** Where there was no room, it is looked for again after so long. */
const LOOK_NS = 60e9;

/** What stands for all that have no series of their own. */
export const OTHER = "other";

/** What is counted of one value of a label. */
export class Series {
  started = 0;
  failed = 0;
  /** Nanoseconds. */
  cpuNs = 0;
  /** When something happened to it last, nanoseconds since boot. */
  at = 0;
  /** It has made room: what comes is another's. */
  isGone = false;

  /** `payer` is the uid on whose share it is. */
  constructor(readonly value: string, readonly payer: number) {}
}

/** All values of one label. */
export class LabelSeries {
  readonly #shares = new Shares(SERIES_LIMITS.total, SERIES_LIMITS.reserve);
  readonly #byValue = new Map<string, Series>();
  readonly other: Series = new Series(OTHER, 0);
  /** Room is not looked for again before that. */
  #lookAt = -Infinity;

  /** The series of a value at a time (nanoseconds since boot), or that of all others. */
  get(value: string, payer: number, time: number): Series {
    const text = value.slice(0, SERIES_LIMITS.valueLength);
    const known = this.#byValue.get(text);
    if (known !== undefined) return known;
    // Whoever is called so is told as one of the others.
    if (text === OTHER || (!this.#shares.take(payer, 1) && !this.#makeRoom(payer, time))) {
      return this.other;
    }
    const series = new Series(text, payer);
    this.#byValue.set(text, series);
    return series;
  }

  /** All of them, in the order in which they came; that of the others last. */
  *all(): Generator<Series> {
    yield* this.#byValue.values();
    yield this.other;
  }

  /** Takes the room of the one that rests for longest, if it has rested enough and that helps. */
  #makeRoom(payer: number, time: number): boolean {
    if (time < this.#lookAt) return false;
    this.#lookAt = time + LOOK_NS;
    let idle: Series | null = null;
    for (const one of this.#byValue.values()) if (idle === null || one.at < idle.at) idle = one;
    if (idle === null || time < idle.at + SERIES_LIMITS.idleNs) return false;
    this.#shares.give(idle.payer, 1);
    if (!this.#shares.take(payer, 1)) {
      this.#shares.charge(idle.payer, 1);
      return false;
    }
    idle.isGone = true;
    this.#byValue.delete(idle.value);
    this.#lookAt = -Infinity;
    return true;
  }
}
