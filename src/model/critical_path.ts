/**
 * What the end of a process waited for. Pure.
 *
 * @module
 */

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
  const childrenOf = childrenByEnd(lives);
  const steps: PathStretch[] = [];
  const add = (index: number, from: number, to: number, depth: number) => {
    if (to > from) steps.push({ index, from, to, depth });
  };
  // Who is their own ancestor, as only a damaged file says, is gone through once.
  const seen = new Uint8Array(lives.count);
  const work = [{ index: root, until: ends[root]!, depth: 0 }];
  for (let at = work.pop(); at !== undefined; at = work.pop()) {
    const { index, depth } = at;
    if (seen[index] === 1) continue;
    seen[index] = 1;
    let until = Math.min(at.until, ends[index]!);
    if (until === Infinity) until = latestEnd(lives);
    const start = starts[index]!;
    for (const child of childrenOf(index)) {
      const [from, to] = [starts[child]!, ends[child]!];
      if (to > until || from >= until || to <= start) continue;
      add(index, to, until, depth);
      work.push({ index: child, until: to, depth: depth + 1 });
      until = Math.max(start, from);
    }
    add(index, start, until, depth);
  }
  return steps.sort((a, b) => a.from - b.from);
}

/** Tells the children of a life, the one that ended last first. */
function childrenByEnd({ count, ends, parents }: Lives): (index: number) => number[] {
  const first = new Int32Array(count).fill(-1);
  const next = new Int32Array(count);
  for (let index = count - 1; index >= 0; index--) {
    const parent = parents[index]!;
    if (parent < 0) continue;
    next[index] = first[parent]!;
    first[parent] = index;
  }
  return (index) => {
    const children: number[] = [];
    for (let child = first[index]!; child >= 0; child = next[child]!) children.push(child);
    return children.sort((a, b) => ends[b]! - ends[a]!);
  };
}

/** The last end that is known. */
function latestEnd({ count, ends }: Lives): number {
  let latest = 0;
  for (let index = 0; index < count; index++) {
    if (ends[index] !== Infinity) latest = Math.max(latest, ends[index]!);
  }
  return latest;
}
