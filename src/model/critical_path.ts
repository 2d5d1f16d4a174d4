/**
 * What the end of a process waited for. Pure.
 *
 * @module
 */
import { timeOrder } from "./time_order.ts";

/** Lives by number, the first `count` of each column; times in any one unit. */
export interface Lives {
  readonly count: number;
  readonly starts: ArrayLike<number>;
  /** Infinity while it lives. */
  readonly ends: ArrayLike<number>;
  /** Number of the parent, below 0 where it is none of these. */
  readonly parents: ArrayLike<number>;
}

/** A stretch of time in which one life was what all the others waited for. */
export interface PathStretch {
  readonly index: number;
  readonly from: number;
  readonly to: number;
  /** How far below the first it is. */
  readonly depth: number;
}

/**
 * From the end of `root` backwards: within a life the child that ended last before is what it
 * waited for; before that child began, the one that ended last then; what is left is its own time.
 * In the order of time.
 */
export function criticalPath(lives: Lives, root: number): PathStretch[] {
  const { starts, ends } = lives;
  if (root < 0 || root >= lives.count) return [];
  const { first, next } = childrenByEnd(lives);
  /** The last one first: lives are gone through from their ends to their begins. */
  const steps: PathStretch[] = [];
  // Who is their own ancestor, as only a damaged file says, is gone through once.
  const seen = new Uint8Array(lives.count);
  const enter = (index: number, until: number) => {
    seen[index] = 1;
    const end = Math.min(until, ends[index]!);
    return { index, until: end === Infinity ? latestEnd(lives) : end, child: first[index]! };
  };
  const open = [enter(root, Infinity)];
  for (let at = open.at(-1); at !== undefined; at = open.at(-1)) {
    const { index, child, until } = at;
    const depth = open.length - 1;
    const start = starts[index]!;
    if (child < 0) {
      if (until > start) steps.push({ index, from: start, to: until, depth });
      open.pop();
      continue;
    }
    at.child = next[child]!;
    const [from, to] = [starts[child]!, ends[child]!];
    if (to > until || from >= until || to <= start) continue;
    if (until > to) steps.push({ index, from: to, to: until, depth });
    at.until = Math.max(start, from);
    if (seen[child] === 0) open.push(enter(child, to));
  }
  return steps.reverse();
}

/** The children of each life, the one that ended last first: the first, and of each the next. */
function childrenByEnd(
  { count, ends, parents }: Lives,
): { readonly first: Int32Array; readonly next: Int32Array } {
  const first = new Int32Array(count).fill(-1);
  const next = new Int32Array(count);
  const times = new Float64Array(count);
  let latest = 0;
  for (let index = 0; index < count; index++) {
    const end = ends[index]!;
    if (end > latest && end !== Infinity) latest = end;
    // Those that end at the same time stand in their order, and the last is linked first.
    times[count - 1 - index] = end;
  }
  for (let at = 0; at < count; at++) if (times[at] === Infinity) times[at] = latest + 1;
  for (const place of timeOrder(times)) {
    const index = count - 1 - place;
    const parent = parents[index]!;
    if (parent < 0) continue;
    next[index] = first[parent]!;
    first[parent] = index;
  }
  return { first, next };
}

/** The last end that is known. */
function latestEnd({ count, ends }: Lives): number {
  let latest = 0;
  for (let index = 0; index < count; index++) {
    if (ends[index] !== Infinity) latest = Math.max(latest, ends[index]!);
  }
  return latest;
}
