/**
 * Who holds more of a history than their share.
 *
 * @module
 */
import { restingShare } from "../model/shares.ts";
import { Heap } from "./heap.ts";

const ROOT = 0;

interface Held {
  readonly uid: number;
  /** As it was when they were put in. */
  readonly bytes: number;
}

/**
 * The users beyond their share, who holds most first. The share is reckoned once; what they hold
 * may become less meanwhile. Root has a quarter for itself, and keeps what it has up to a half.
 */
export class Ranking {
  readonly #totals: ReadonlyMap<number, number>;
  readonly #share: number;
  readonly #heap = new Heap<Held>((a, b) => b.bytes - a.bytes);

  /** `totals` has the bytes of each user, and goes on to; of some nothing can go. */
  constructor(totals: ReadonlyMap<number, number>, spared: ReadonlySet<number> = new Set()) {
    this.#totals = totals;
    let all = 0;
    const held: number[] = [];
    for (const [uid, bytes] of totals) {
      all += bytes;
      if (uid !== ROOT) held.push(bytes);
    }
    const reserve = Math.min(all / 2, Math.max(all / 4, totals.get(ROOT) ?? 0));
    this.#share = restingShare(all - reserve, held);
    for (const uid of totals.keys()) if (!spared.has(uid)) this.add(uid);
  }

  /** Who holds most of those who are still beyond it; null when nobody is. */
  get first(): number | null {
    while (true) {
      const first = this.#heap.first;
      if (first === undefined) return null;
      const bytes = this.#totals.get(first.uid) ?? 0;
      if (bytes === first.bytes) return first.uid;
      this.#heap.pop();
      this.add(first.uid);
    }
  }

  /** Passes over the first: nothing of theirs can go. */
  pass(): void {
    this.#heap.pop();
  }

  /** Puts a user in who is not, where they are beyond their share. */
  add(uid: number): void {
    const bytes = this.#totals.get(uid) ?? 0;
    if (uid !== ROOT && bytes > this.#share) this.#heap.push({ uid, bytes });
  }
}
