/**
 * What `fh log --follow` needs to go on: up to where each boot was shown, and what of the news was
 * shown already.
 *
 * @module
 */
import type { PastBoot } from "../model/boot.ts";
import type { BootSpan, Bounds } from "../model/bounds.ts";
import type { Change } from "../model/machine.ts";
import type { Logged } from "./store.ts";

/**
 * What was shown already, near the end of what was read: the poll source learns of an exit
 * somewhat later than it was, so that each look begins a little before the last one's end.
 */
export class Seam {
  /** Nanoseconds that are looked at again. */
  static readonly OVERLAP_NS = 2_000_000_000;
  /** When they were, by what tells them apart, of each boot. */
  readonly #shown = new Map<string, Map<string, number>>();

  /** Whether a change has not been met before. */
  isNew({ kind, time, process }: Change, boot: PastBoot): boolean {
    // No id: it becomes another where a copy of the host comes into the fleet.
    const key = `${kind} ${process?.pid} ${process?.born} ${process?.nth} ${time}`;
    const name = nameOf(boot);
    let its = this.#shown.get(name);
    if (its === undefined) this.#shown.set(name, its = new Map());
    if (its.has(key)) return false;
    its.set(key, time);
    return true;
  }

  /** Those changes that have not been met before. */
  async *onlyNew(changes: AsyncIterable<Logged>): AsyncGenerator<Logged, void> {
    const last = new Map<string, number>();
    for await (const found of changes) {
      const [{ time }, boot] = found;
      const name = nameOf(boot);
      last.set(name, Math.max(last.get(name) ?? -Infinity, time));
      if (this.isNew(found[0], boot)) yield found;
    }
    for (const [name, latest] of last) {
      const its = this.#shown.get(name)!;
      for (const [key, time] of its) {
        if (time < latest - 2 * Seam.OVERLAP_NS) its.delete(key);
      }
    }
  }
}

/** Up to where the boots of a store were shown. */
export class Followed {
  /** Nanoseconds since boot. */
  readonly #until = new Map<string, number>();

  /** `spans` were shown of them, and nothing that was before those, or before a moment. */
  constructor({ boots }: Bounds, spans: readonly BootSpan[], since: number | null) {
    const shown = new Map(spans.map((span) => [span.boot, span.until]));
    for (const boot of boots) {
      const begin = since === null ? boot.end : Math.max(boot.end, boot.nsOf(since));
      this.#until.set(nameOf(boot), shown.get(boot) ?? begin);
    }
  }

  /** The ends of what was shown, to be looked at again. */
  ends({ boots }: Bounds): BootSpan[] {
    return boots.map((boot) => {
      const until = this.#until.get(nameOf(boot))!;
      return { boot, since: until - Seam.OVERLAP_NS, until };
    });
  }

  /** What is new since, with a part of what was shown; from a moment on. It counts as shown. */
  news({ boots }: Bounds, moment: number | null): BootSpan[] {
    const spans: BootSpan[] = [];
    for (const [at, boot] of boots.entries()) {
      const known = this.#until.get(nameOf(boot));
      // What is older than what was shown of a host is not news.
      const isOld = boots.slice(at + 1).some((later) =>
        later.host === boot.host && this.#until.has(nameOf(later))
      );
      if (known === undefined && isOld) continue;
      const [from, until] = [known ?? boot.since, boot.end];
      if (until <= from) continue;
      const floor = moment === null ? 0 : boot.nsOf(moment);
      spans.push({ boot, since: Math.max(floor, from - Seam.OVERLAP_NS), until });
      this.#until.set(nameOf(boot), until);
    }
    return spans;
  }
}

/** Two hosts may be copies of one, with the same boot. */
function nameOf({ host, bootId }: PastBoot): string {
  return `${host ?? ""} ${bootId}`;
}
