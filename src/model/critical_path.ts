/**
 * What the end of a process waited for. Pure.
 *
 * @module
 */

/** Lives by number; times in any one unit. */
export interface Lives {
  readonly count: number;
  start(index: number): number;
  /** Infinity while it lives. */
  end(index: number): number;
  /** Number of the parent, below 0 where it is none of these. */
  parent(index: number): number;
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
  if (root < 0 || root >= lives.count) return [];
  const children = childrenByEnd(lives);
  const steps: PathStretch[] = [];
  const add = (index: number, from: number, to: number, depth: number) => {
    if (to > from) steps.push({ index, from, to, depth });
  };
  const work = [{ index: root, until: lives.end(root), depth: 0 }];
  for (let at = work.pop(); at !== undefined; at = work.pop()) {
    const { index, depth } = at;
    let until = Math.min(at.until, lives.end(index));
    if (until === Infinity) until = latestEnd(lives);
    const start = lives.start(index);
    for (const child of children.get(index) ?? []) {
      const [from, to] = [lives.start(child), lives.end(child)];
      if (to > until || from >= until || to <= start) continue;
      add(index, to, until, depth);
      work.push({ index: child, until: to, depth: depth + 1 });
      until = Math.max(start, from);
    }
    add(index, start, until, depth);
  }
  return steps.sort((a, b) => a.from - b.from);
}

/** Children of each, the one that ended last first. */
function childrenByEnd(lives: Lives): Map<number, number[]> {
  const children = new Map<number, number[]>();
  for (let index = 0; index < lives.count; index++) {
    const parent = lives.parent(index);
    if (parent < 0) continue;
    const those = children.get(parent);
    if (those === undefined) children.set(parent, [index]);
    else those.push(index);
  }
  for (const those of children.values()) those.sort((a, b) => lives.end(b) - lives.end(a));
  return children;
}

/** The last end that is known. */
function latestEnd(lives: Lives): number {
  let latest = 0;
  for (let index = 0; index < lives.count; index++) {
    const end = lives.end(index);
    if (end !== Infinity) latest = Math.max(latest, end);
  }
  return latest;
}
