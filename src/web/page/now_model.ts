/**
 * The last events of a stream and how fast they come. Pure.
 *
 * Where more come than anybody can read, some of each moment are kept and the others counted.
 *
 * @module
 */
import type { EventFields } from "./answers.ts";

/** Events that are kept. */
export const KEPT_MAX = 1000;
/** Of each moment at most so many: more cannot be read. */
export const SAMPLE_MAX = 100;
const MOMENT_MS = 250;
/** Seconds of which rates are known. */
const SECONDS = 60;

/** What is shown of a stream. */
export class NowModel {
  /** The newest last. */
  kept: EventFields[] = [];
  /** Events since the beginning, and of these those that were counted and not kept. */
  told = 0;
  skipped = 0;
  /** Events that nobody has seen, as gaps told; null where one does not know how many. */
  lost: number | null = 0;
  /** Events of the last whole second that failed, started and are all. */
  readonly #seconds = new Map<number, { all: number; started: number; failed: number }>();
  #moment = -1;
  #ofMoment = 0;

  /** Takes one; `now` is a clock that does not go back, milliseconds. */
  add(event: EventFields, now: number): void {
    this.told++;
    const second = this.#second(Math.floor(now / 1000));
    second.all++;
    if (event.event === "exec") second.started++;
    if (event.event === "exit" && (event.signal !== null || event.exit_code !== 0)) second.failed++;
    if (event.event === "gap") {
      this.lost = this.lost === null || event.lost == null ? null : this.lost + event.lost;
    }
    const moment = Math.floor(now / MOMENT_MS);
    if (moment !== this.#moment) [this.#moment, this.#ofMoment] = [moment, 0];
    // That something is missing is never missing.
    if (event.event !== "gap" && this.#ofMoment++ >= SAMPLE_MAX) {
      this.skipped++;
      return;
    }
    this.kept.push(event);
    if (this.kept.length > 2 * KEPT_MAX) this.kept = this.kept.slice(-KEPT_MAX);
  }

  /** Events, starts and failures in a second, as it was in the last whole one. */
  rate(now: number): { readonly all: number; readonly started: number; readonly failed: number } {
    return this.#seconds.get(Math.floor(now / 1000) - 1) ?? { all: 0, started: 0, failed: 0 };
  }

  /** Starts in each of the last 60 whole seconds, the oldest first. */
  history(now: number): number[] {
    const last = Math.floor(now / 1000) - 1;
    return Array.from({ length: SECONDS }, (_, at) => {
      return this.#seconds.get(last - SECONDS + 1 + at)?.started ?? 0;
    });
  }

  #second(second: number): { all: number; started: number; failed: number } {
    const known = this.#seconds.get(second);
    if (known !== undefined) return known;
    const fresh = { all: 0, started: 0, failed: 0 };
    this.#seconds.set(second, fresh);
    for (const old of this.#seconds.keys()) {
      if (old < second - SECONDS - 1) this.#seconds.delete(old);
    }
    return fresh;
  }
}
