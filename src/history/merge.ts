/**
 * Several streams as one, in order: each is read as far as it takes to know what comes next.
 *
 * @module
 */
import { Heap } from "./heap.ts";

/** A stream that is read a page at a time. */
export interface Feed<Place, Item extends Place> {
  /** Nothing comes before it that has not been told yet; null when all was told. */
  readonly horizon: Place | null;
  /** Reads a page, and tells what is in it, in any order. */
  fill(tell: (item: Item) => void): void;
}

/** All that the feeds tell, in order; null stands after each page. */
export function* merged<Place, Item extends Place>(
  feeds: readonly Feed<Place, Item>[],
  compare: (a: Place, b: Place) => number,
): Generator<Item | null, void> {
  const heap = new Heap<Item>(compare);
  const tell = (item: Item) => heap.push(item);
  while (true) {
    let least: Feed<Place, Item> | null = null;
    for (const feed of feeds) {
      if (feed.horizon === null) continue;
      if (least === null || compare(feed.horizon, least.horizon!) < 0) least = feed;
    }
    const horizon = least?.horizon ?? null;
    while (heap.first !== undefined && (horizon === null || compare(heap.first, horizon) < 0)) {
      yield heap.pop()!;
    }
    if (least === null) return;
    least.fill(tell);
    yield null;
  }
}
