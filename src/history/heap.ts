/**
 * Things of which the first is wanted, again and again.
 *
 * @module
 */

/** A binary heap: the first by its order is at the top. */
export class Heap<Item> {
  readonly #items: Item[] = [];
  readonly #compare: (a: Item, b: Item) => number;

  /** `compare` is less than 0 where `a` comes before `b`. */
  constructor(compare: (a: Item, b: Item) => number) {
    this.#compare = compare;
  }

  /** How many there are. */
  get size(): number {
    return this.#items.length;
  }

  /** The first; undefined when there is none. */
  get first(): Item | undefined {
    return this.#items[0];
  }

  /** Adds one. */
  push(item: Item): void {
    const items = this.#items;
    let at = items.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (this.#compare(item, items[above]!) >= 0) break;
      items[at] = items[above]!;
      at = above;
    }
    items[at] = item;
  }

  /** Takes the first away; undefined when there is none. */
  pop(): Item | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (last === undefined || items.length === 0) return first;
    let at = 0;
    while (true) {
      let below = 2 * at + 1;
      if (below >= items.length) break;
      const other = below + 1;
      if (other < items.length && this.#compare(items[other]!, items[below]!) < 0) below = other;
      if (this.#compare(last, items[below]!) <= 0) break;
      items[at] = items[below]!;
      at = below;
    }
    items[at] = last;
    return first;
  }
}
