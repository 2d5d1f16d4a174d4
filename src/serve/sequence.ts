/**
 * Numbers of events: their place in time, unique and increasing.
 *
 * @module
 */
import type { BootEpoch } from "../model/batch.ts";

/**
 * Numbers the events of one boot: microseconds since the Unix epoch, as the clock stood when the
 * boot was first known. A clock that is set later does not move them.
 */
export class Sequence {
  /** Microseconds from the Unix epoch to boot. */
  readonly base: number;
  /** The number given last; before there was one, that of the beginning. */
  last: number;

  /**
   * `boot` is when the boot was, or microseconds from the Unix epoch to it; `since` the time of
   * the beginning, nanoseconds since boot.
   */
  constructor(boot: BootEpoch | number, since: number) {
    this.base = typeof boot === "number" ? boot : baseOf(boot);
    this.last = this.at(since);
  }

  /** The place of a time (nanoseconds since boot), whatever has been numbered. */
  at(time: number): number {
    return this.base + Math.floor(time / 1000);
  }

  /** The number of the next event. */
  next(time: number): number {
    return this.last = Math.max(this.last + 1, this.at(time));
  }
}

/** Microseconds from the Unix epoch to boot. */
export function baseOf({ seconds, ns }: BootEpoch): number {
  return seconds * 1e6 + Math.floor(ns / 1000);
}
