/**
 * Which stretches of time were recorded: moments of people as times since the boots they were in.
 *
 * @module
 */
import type { PastBoot } from "./boot.ts";

/** A stretch of time of one boot, nanoseconds since boot; `until` does not belong to it. */
export interface BootSpan {
  readonly boot: PastBoot;
  readonly since: number;
  readonly until: number;
}

/** The boots that a store has. */
export class Bounds {
  /** Oldest first. */
  readonly boots: readonly PastBoot[];
  readonly #now: () => number;

  /** `now` is the wall clock, milliseconds since the Unix epoch. */
  constructor(boots: readonly PastBoot[], now: () => number) {
    this.boots = boots;
    this.#now = now;
  }

  /** The boot with a whole boot id; undefined when none of it was recorded. */
  boot(bootId: string): PastBoot | undefined {
    return this.boots.find((boot) => boot.bootId === bootId);
  }

  /** What of the moments (milliseconds since the epoch) from `since` to `until` was recorded. */
  spans(since: number, until: number): BootSpan[] {
    this.#goOn();
    const spans: BootSpan[] = [];
    for (const boot of this.boots) {
      const from = Math.max(boot.since, boot.nsOf(since));
      // Moments go on while they are compared: what begins now is recorded, too.
      const end = boot.reached ? Math.max(boot.end, from + 1000) : boot.end;
      const span = { boot, since: from, until: Math.min(boot.nsOf(until), end) };
      if (span.until > span.since) spans.push(span);
    }
    return spans;
  }

  /** All that was recorded. */
  all(): BootSpan[] {
    return this.spans(0, Number.MAX_SAFE_INTEGER);
  }

  /**
   * The boot that was recorded at a moment (milliseconds), and the time since it then; of each host
   * the latest.
   */
  at(moment: number): BootSpan[] {
    this.#goOn();
    const found = this.boots
      .map((boot) => ({ boot, since: boot.nsOf(moment), until: boot.nsOf(moment) }))
      .filter(({ boot, since }) => since >= boot.since && since <= boot.known);
    return [...new Map(found.map((span) => [span.boot.host, span])).values()];
  }

  /**
   * The latest moment that can be asked for, milliseconds; 0 when nothing is recorded. It lies
   * ahead where the clock has been set back since.
   */
  get latest(): number {
    return this.boots.reduce((most, { latest }) => Math.max(most, latest), 0);
  }

  /** The first and the last moment that is recorded, milliseconds; null when nothing is. */
  range(): { readonly since: number; readonly until: number } | null {
    const recorded = this.boots.filter((boot) => boot.until > 0);
    const [first] = recorded;
    const last = recorded.at(-1);
    if (first === undefined || last === undefined) return null;
    return { since: first.moment(first.since), until: last.moment(last.until) };
  }

  /** Time has passed since a recorder was found to be at work. */
  #goOn(): void {
    for (const boot of this.boots) if (boot.reached) boot.reach(this.#now());
  }
}
