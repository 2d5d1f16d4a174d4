/**
 * When processes lived, told by what can be guessed: one begins when the one before it ends, and
 * ends when the last that it has started does.
 *
 * Starts and ends stand as the difference to that guess, for processes in the order of the tree.
 * The end of one whose end is not known stands as 0, and counts as its start.
 *
 * @module
 */

/** Starts and ends by place, or their differences. */
export interface Times {
  readonly start: Float64Array;
  readonly end: Float64Array;
}

/** The differences. */
export function foldTimes(depth: ArrayLike<number>, times: Times): Times {
  return walk(depth, times, false);
}

/** The times of differences. */
export function unfoldTimes(depth: ArrayLike<number>, folded: Times): Times {
  return walk(depth, folded, true);
}

function walk(depth: ArrayLike<number>, given: Times, isFolded: boolean): Times {
  const count = depth.length;
  const made = { start: new Float64Array(count), end: new Float64Array(count) };
  /** Those that are being told, by depth, and the last end of their children so far. */
  const open: number[] = [];
  const ends: number[] = [0];
  const times = isFolded ? made : given;
  const close = (at: number) => {
    const guess = ends[at + 1]!;
    const index = open[at]!;
    made.end[index] = given.end[index]! + (isFolded ? guess : -guess);
    ends[at] = Math.max(ends[at]!, times.end[index]!);
    open.length = at;
    ends.length = at + 1;
  };
  for (let index = 0; index < count; index++) {
    while (open.length > depth[index]!) close(open.length - 1);
    const guess = ends[depth[index]!]!;
    made.start[index] = given.start[index]! + (isFolded ? guess : -guess);
    open.push(index);
    ends.push(times.start[index]!);
  }
  while (open.length > 0) close(open.length - 1);
  return made;
}
