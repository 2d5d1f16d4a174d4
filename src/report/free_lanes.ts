/**
 * Lanes, and from when on each of them is free: the first free one is found in as many steps as a
 * number has bits.
 *
 * @module
 */

/** Lanes that are put to use one after the other, each when all before it are taken. */
export class FreeLanes {
  readonly #lanes: number[] = [];
  /**
   * A tree in a row: 1 is the root, 2n and 2n + 1 stand below n. Of the lanes below it each has
   * the earliest moment at which one is free.
   */
  #earliest = new Float64Array([Infinity, Infinity]);

  /** The first lane that is free at a moment, taken up to another; `make` gives a new one. */
  take(from: number, until: number, make: () => number): number {
    const found = this.#find(from);
    const place = found < 0 ? this.#lanes.push(make()) - 1 : found;
    if (place >= this.#width) this.#widen();
    this.#free(place, until);
    return this.#lanes[place]!;
  }

  get #width(): number {
    return this.#earliest.length / 2;
  }

  #find(from: number): number {
    if (!(this.#earliest[1]! <= from)) return -1;
    let at = 1;
    while (at < this.#width) at = this.#earliest[2 * at]! <= from ? 2 * at : 2 * at + 1;
    return at - this.#width;
  }

  #free(place: number, moment: number): void {
    let at = this.#width + place;
    this.#earliest[at] = moment;
    for (at >>= 1; at > 0; at >>= 1) {
      this.#earliest[at] = Math.min(this.#earliest[2 * at]!, this.#earliest[2 * at + 1]!);
    }
  }

  #widen(): void {
    const [before, width] = [this.#earliest, this.#width];
    this.#earliest = new Float64Array(4 * width).fill(Infinity);
    this.#earliest.set(before.subarray(width), 2 * width);
    for (let at = 2 * width - 1; at > 0; at--) {
      this.#earliest[at] = Math.min(this.#earliest[2 * at]!, this.#earliest[2 * at + 1]!);
    }
  }
}
