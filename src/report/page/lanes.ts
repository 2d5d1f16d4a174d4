/**
 * Where the bars of a timeline stand: each below its parent, no two of a lane at the same time.
 *
 * A process and all below it take a block; blocks of one parent share lanes where one ends before
 * the other begins.
 *
 * @module
 */
import type { Model } from "./model.ts";
import { timeOrder } from "../../model/time_order.ts";

/** Lanes in which a free place is looked for one by one; beyond, by the height of a block. */
const LOOKED_THROUGH = 256;

/** Bars by lane. */
export class Lanes {
  readonly count: number;
  /** Lane of each process. */
  readonly lane: Uint32Array;
  /** Places of processes, those of one lane in a row, by their starts. */
  readonly bars: Uint32Array;
  /** Where each lane begins in `bars`; one more at the end. */
  readonly first: Uint32Array;
  /** In the order of `bars`: how many before have failed, and how long those before lived. */
  readonly failedBefore: Uint32Array;
  readonly livedBefore: Float64Array;

  constructor(model: Model) {
    const { lane, count } = pack(model);
    this.lane = lane;
    this.count = count;
    [this.bars, this.first] = sortByLane(model, lane, count);
    this.failedBefore = new Uint32Array(model.count + 1);
    this.livedBefore = new Float64Array(model.count + 1);
    for (let at = 0; at < model.count; at++) {
      const place = this.bars[at]!;
      this.failedBefore[at + 1] = this.failedBefore[at]! + model.failed[place]!;
      this.livedBefore[at + 1] = this.livedBefore[at]! + model.end[place]! - model.start[place]!;
    }
  }
}

function pack(model: Model): { lane: Uint32Array; count: number } {
  const { count, end, next } = model;
  /** Lanes that a process takes with all below it, and how far below its parent it stands. */
  const height = new Uint32Array(count).fill(1);
  const below = new Uint32Array(count);
  /** Who is below can be seen before its parent is, and outlive it. */
  const blockStart = model.start.slice();
  const blockEnd = end.slice();
  const shelf = new Shelf();
  const packChildren = (place: number): number => {
    shelf.clear();
    const last = place < 0 ? count : next[place]!;
    for (let child = place + 1; child < last; child = next[child]!) {
      below[child] = shelf.put(blockStart[child]!, blockEnd[child]!, height[child]!);
      if (place < 0) continue;
      blockStart[place] = Math.min(blockStart[place]!, blockStart[child]!);
      blockEnd[place] = Math.max(blockEnd[place]!, blockEnd[child]!);
    }
    return shelf.height;
  };
  // Who is below stands behind, and is done first.
  for (let place = count - 1; place >= 0; place--) {
    if (next[place]! > place + 1) height[place] = 1 + packChildren(place);
  }
  const lanes = packChildren(-1);
  const lane = new Uint32Array(count);
  for (let place = 0; place < count; place++) {
    const parent = model.parent[place]!;
    lane[place] = below[place]! + (parent < 0 ? 0 : lane[parent]! + 1);
  }
  return { lane, count: lanes };
}

/** Lanes, and from when on each is free; blocks are put on it in the order of their beginnings. */
class Shelf {
  /** All lanes of it. */
  height = 0;
  /** Lanes of the block that was put last, which is noted when another one comes. */
  #lastAt = 0;
  #lastHeight = 0;
  #lastTo = 0;
  #free = new Float64Array(1024);
  /** Beyond what is looked through: places by height, the one that is free first on top. */
  readonly #heaps = new Map<number, [free: number, at: number][]>();

  clear(): void {
    this.height = 0;
    this.#lastHeight = 0;
    this.#heaps.clear();
  }

  /** The first lane of a place for a block. */
  put(from: number, to: number, height: number): number {
    // A line of single children, each as high as all below it, is noted nowhere.
    this.#free.fill(this.#lastTo, this.#lastAt, this.#lastAt + this.#lastHeight);
    this.#lastAt = this.#place(from, to, height);
    this.#lastHeight = height;
    this.#lastTo = to;
    return this.#lastAt;
  }

  #place(from: number, to: number, height: number): number {
    const at = this.#find(from, height);
    if (at >= 0) return at;
    const heap = this.#heaps.get(height) ?? [];
    const top = heap[0];
    if (top !== undefined && top[0] <= from) {
      top[0] = to;
      sink(heap);
      return top[1];
    }
    const end = this.height;
    this.#raise(end + height);
    if (end >= LOOKED_THROUGH) {
      heap.push([to, end]);
      rise(heap);
      this.#heaps.set(height, heap);
    }
    return end;
  }

  /** A place among the first lanes that is free; it may stick out at the end. */
  #find(from: number, height: number): number {
    const last = Math.min(this.height, LOOKED_THROUGH);
    let run = 0;
    for (let at = 0; at < last; at++) {
      run = this.#free[at]! <= from ? run + 1 : 0;
      if (run === height) return at + 1 - height;
    }
    if (run === 0 || last < this.height) return -1;
    this.#raise(last - run + height);
    return last - run;
  }

  #raise(height: number): void {
    this.height = height;
    if (height <= this.#free.length) return;
    const larger = new Float64Array(height * 2);
    larger.set(this.#free);
    this.#free = larger;
  }
}

type Heap = [free: number, at: number][];

function sink(heap: Heap): void {
  for (let at = 0;;) {
    let least = at;
    for (const child of [2 * at + 1, 2 * at + 2]) {
      if (child < heap.length && heap[child]![0] < heap[least]![0]) least = child;
    }
    if (least === at) return;
    [heap[at], heap[least]] = [heap[least]!, heap[at]!];
    at = least;
  }
}

function rise(heap: Heap): void {
  for (let at = heap.length - 1; at > 0;) {
    const above = (at - 1) >> 1;
    if (heap[above]![0] <= heap[at]![0]) return;
    [heap[at], heap[above]] = [heap[above]!, heap[at]!];
    at = above;
  }
}

function sortByLane(model: Model, lane: Uint32Array, count: number): [Uint32Array, Uint32Array] {
  const first = new Uint32Array(count + 1);
  for (const at of lane) first[at + 1]!++;
  for (let at = 0; at < count; at++) first[at + 1]! += first[at]!;
  const filled = first.slice();
  const bars = new Uint32Array(model.count);
  for (const place of timeOrder(model.start)) bars[filled[lane[place]!]!++] = place;
  return [bars, first];
}
