/**
 * Times since boot as people and RFC 3339 write them.
 *
 * @module
 */
import type { BootEpoch } from "../model/batch.ts";

const NS = 1_000_000_000;

function pad(value: number, width: number): string {
  return String(value).padStart(width, "0");
}

/** Formats times since boot; remembers the second, since most events share theirs. */
export class WallClock {
  #second = -1;
  #utc = "";
  #localSecond = -1;
  #local = "";
  #isDated = false;
  /** Nanoseconds beyond the second that was asked for last. */
  fraction = 0;
  readonly #offsetAt: (moment: number) => number;

  /** `offsetAt` tells how far local clocks are ahead of UTC at a moment; both in milliseconds. */
  constructor(offsetAt: (moment: number) => number = () => 0) {
    this.#offsetAt = offsetAt;
  }

  /** RFC 3339 in UTC with nanoseconds: `2026-11-23T11:15:54.123456789Z`. */
  utc(epoch: BootEpoch, bootNs: number): string {
    return `${this.second(epoch, bootNs)}${pad(this.fraction, 9)}Z`;
  }

  /** The same up to the point; {@linkcode WallClock.fraction} is what follows. */
  second(epoch: BootEpoch, bootNs: number): string {
    return this.secondText(this.split(epoch, bootNs));
  }

  /** A second since the Unix epoch, as {@linkcode WallClock.second} writes it. */
  secondText(second: number): string {
    if (second !== this.#second) {
      this.#second = second;
      this.#utc = new Date(second * 1000).toISOString().slice(0, 20);
    }
    return this.#utc;
  }

  /**
   * Local time of day, behind the month and the day where they are wanted: `11-24 12:15:54`. What
   * follows is {@linkcode WallClock.fraction}. The text is the same string for the same second.
   */
  localSecond(epoch: BootEpoch, bootNs: number, isDated: boolean): string {
    const second = this.split(epoch, bootNs);
    if (second !== this.#localSecond || isDated !== this.#isDated) {
      this.#localSecond = second;
      this.#isDated = isDated;
      const moment = second * 1000;
      const text = new Date(moment + this.#offsetAt(moment)).toISOString();
      this.#local = (isDated ? text.slice(5, 10) + " " : "") + text.slice(11, 19);
    }
    return this.#local;
  }

  /** The second since the Unix epoch; leaves the rest in `fraction`. */
  split(epoch: BootEpoch, bootNs: number): number {
    const whole = Math.floor(bootNs / NS);
    const ns = Math.floor(bootNs - whole * NS) + epoch.ns;
    const carry = ns < NS ? 0 : 1;
    this.fraction = ns - carry * NS;
    return epoch.seconds + whole + carry;
  }
}
