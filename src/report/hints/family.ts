/**
 * Spans with their children, as hints look at them. Pure.
 *
 * @module
 */
import { parentsOf, rootOf } from "../critical_path.ts";
import type { HintStretch } from "../hints.ts";
import type { Frame, Span, SpanImage, Spans } from "../span.ts";

/** Shells fork shells that fork; a line of ancestors can be as long as the report. */
const NEAREST = 16;

const NO_CHILDREN: readonly number[] = [];

/** Who is whose child, and what they ran. Indexes are places of spans. */
export class Family {
  readonly frame: Frame;
  readonly spans: readonly Span[];
  readonly parents: Int32Array;
  /** The process at whose end all others are over; -1 where there is none. */
  readonly root: number;
  readonly #children: (number[] | undefined)[];
  /** In which walk each was met last: a set for each walk would be most of its work. */
  readonly #walks: Uint32Array;
  #walk = 0;

  constructor(spans: Spans) {
    this.frame = spans.frame;
    this.spans = spans.spans;
    this.parents = parentsOf(this.spans);
    this.root = rootOf(spans, this.parents);
    const count = this.spans.length;
    this.#walks = new Uint32Array(count);
    this.#children = new Array<number[] | undefined>(count).fill(undefined);
    for (let index = 0; index < count; index++) {
      const parent = this.parents[index]!;
      if (parent >= 0) (this.#children[parent] ??= []).push(index);
    }
  }

  /** In the order of their starts. */
  children(index: number): readonly number[] {
    return this.#children[index] ?? NO_CHILDREN;
  }

  /** All below a process, itself left out; in no certain order. */
  below(index: number): number[] {
    const found: number[] = [];
    const walk = ++this.#walk;
    this.#walks[index] = walk;
    const waiting = [...this.children(index)];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (this.#walks[next] === walk) continue;
      this.#walks[next] = walk;
      found.push(next);
      for (const child of this.children(next)) waiting.push(child);
    }
    return found;
  }

  /** The parent, its parent, and so on. */
  *above(index: number): Generator<number> {
    const seen = new Set([index]);
    for (let at = this.parents[index]!; at >= 0 && !seen.has(at); at = this.parents[at]!) {
      seen.add(at);
      yield at;
    }
  }

  /** The part of its life that the report shows. */
  life(index: number): HintStretch {
    const { start, end } = this.spans[index]!;
    const from = Math.max(0, start);
    return { from, to: Math.max(from, Math.min(end ?? Infinity, this.frame.lengthNs)) };
  }

  /** Nanoseconds of {@linkcode Family.life}. */
  lengthNs(index: number): number {
    const { from, to } = this.life(index);
    return to - from;
  }

  /** CPU time of some, nanoseconds; null where not even half of them have an account. */
  cpuNs(indexes: readonly number[]): number | null {
    let [sum, known] = [0, 0];
    for (const index of indexes) {
      const { cost } = this.spans[index]!;
      if (cost === null) continue;
      known++;
      sum += cost.user_ns + cost.system_ns;
    }
    return known * 2 < indexes.length || known === 0 ? null : sum;
  }

  /** Its name; that of the script where it is one, for the kernel calls it so. */
  name(index: number): string {
    const { image, pid } = this.spans[index]!;
    return image.name ?? `process ${pid}`;
  }

  /** The nearest ancestors, the parent first. */
  nearest(index: number): number[] {
    const found: number[] = [];
    for (const above of this.above(index)) {
      if (found.push(above) === NEAREST) break;
    }
    return found;
  }

  /**
   * Whether it is a fork that has run nothing of its own: it has the image of its parent, or of who
   * is above, since a parent can have run something else meanwhile.
   */
  isFork(index: number): boolean {
    const own = this.spans[index]!.image;
    return this.nearest(index).some((above) => isSame(own, this.spans[above]!.image));
  }
}

function isSame(a: SpanImage, b: SpanImage): boolean {
  return a === b ||
    (a.name === b.name && a.exe === b.exe && a.cwd === b.cwd && sameWords(a.argv, b.argv));
}

function sameWords(a: readonly string[] | null, b: readonly string[] | null): boolean {
  if (a === null || b === null) return a === b;
  return a.length === b.length && a.every((word, at) => word === b[at]);
}

/** When at least one of some stretches was, in the order of time. */
export function union(stretches: readonly HintStretch[]): HintStretch[] {
  const sorted = stretches.toSorted((a, b) => a.from - b.from);
  const joined: { from: number; to: number }[] = [];
  for (const { from, to } of sorted) {
    const last = joined.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else if (to > from) joined.push({ from, to });
  }
  return joined;
}

/** Nanoseconds of stretches that do not overlap. */
export function total(stretches: readonly HintStretch[]): number {
  return stretches.reduce((sum, { from, to }) => sum + to - from, 0);
}

/** A stretch in which so many of some stretches were. */
export interface Level extends HintStretch {
  readonly level: number;
}

/** How many of some stretches were at once, from the first begin to the last end. */
export function levels(stretches: readonly HintStretch[]): Level[] {
  const some = stretches.filter(({ from, to }) => to > from);
  const begins = new Float64Array(some.map(({ from }) => from)).sort();
  const ends = new Float64Array(some.map(({ to }) => to)).sort();
  const found: Level[] = [];
  let [begun, ended] = [0, 0];
  for (let from = begins[0] ?? 0; ended < ends.length;) {
    while (begins[begun] === from) begun++;
    while (ends[ended] === from) ended++;
    if (ended === ends.length) break;
    const to = Math.min(begins[begun] ?? Infinity, ends[ended]!);
    found.push({ from, to, level: begun - ended });
    from = to;
  }
  return found;
}
