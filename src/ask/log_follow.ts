/**
 * What `fh log --follow` needs to go on: what of the news was shown already.
 *
 * @module
 */
import type { Change } from "../model/machine.ts";
import type { Logged } from "./store.ts";

/**
 * What was shown already, near the end of what was read: the poll source learns of an exit
 * somewhat later than it was, so that each look begins a little before the last one's end.
 */
export class Seam {
  /** Nanoseconds that are looked at again. */
  static readonly OVERLAP_NS = 2_000_000_000;
  #shown = new Map<string, number>();

  /** Whether a change has not been met before. */
  isNew({ kind, time, process }: Change): boolean {
    const key = `${kind} ${process?.key} ${time}`;
    if (this.#shown.has(key)) return false;
    this.#shown.set(key, time);
    return true;
  }

  /** Those changes that have not been met before. */
  async *onlyNew(changes: AsyncIterable<Logged>): AsyncGenerator<Logged, void> {
    let last = -Infinity;
    for await (const found of changes) {
      last = Math.max(last, found[0].time);
      if (this.isNew(found[0])) yield found;
    }
    for (const [key, time] of this.#shown) {
      if (time < last - 2 * Seam.OVERLAP_NS) this.#shown.delete(key);
    }
  }
}
