/**
 * Who of the spans has forked whom, as numbers: their places in the report.
 *
 * @module
 */
import type { Span } from "./span.ts";

/** Nobody. */
export const NONE = -1;

/** Who has forked whom; {@linkcode NONE} stands for nobody in the report. */
export interface Kin {
  readonly parent: Int32Array;
  /** Children stand in the order of the report: the first, and of each the next. */
  readonly firstChild: Int32Array;
  readonly nextSibling: Int32Array;
  /** The first of those that nobody in the report has forked; the others are its siblings. */
  readonly firstRoot: number;
}

/** A file may say anything: of who would be an ancestor of itself the parent is left out. */
export function kinOf(spans: readonly Span[]): Kin {
  const parent = parentsOf(spans);
  cutCircles(parent);
  const firstChild = new Int32Array(spans.length).fill(NONE);
  const nextSibling = new Int32Array(spans.length).fill(NONE);
  let firstRoot = NONE;
  for (let at = spans.length - 1; at >= 0; at--) {
    const above = parent[at]!;
    nextSibling[at] = above === NONE ? firstRoot : firstChild[above]!;
    if (above === NONE) firstRoot = at;
    else firstChild[above] = at;
  }
  return { parent, firstChild, nextSibling, firstRoot };
}

function parentsOf(spans: readonly Span[]): Int32Array {
  const places = new Map<string, number>();
  for (let at = spans.length - 1; at >= 0; at--) places.set(spans[at]!.id, at);
  return Int32Array.from(spans, ({ parent }) => {
    return parent === null ? NONE : places.get(parent) ?? NONE;
  });
}

function cutCircles(parent: Int32Array): void {
  /** In which walk upwards a place was met; 0: in none. */
  const walks = new Int32Array(parent.length);
  for (let start = 0; start < parent.length; start++) {
    const walk = start + 1;
    for (let at = start; at !== NONE && walks[at] === 0;) {
      walks[at] = walk;
      const above = parent[at]!;
      if (above !== NONE && walks[above] === walk) parent[at] = NONE;
      at = parent[at]!;
    }
  }
}

/** All places, parents before their children and each family in one piece. */
export function* inFamilies(
  { parent, firstChild, nextSibling, firstRoot }: Kin,
): Generator<number> {
  for (let at = firstRoot; at !== NONE;) {
    yield at;
    if (firstChild[at] !== NONE) {
      at = firstChild[at]!;
      continue;
    }
    while (at !== NONE && nextSibling[at] === NONE) at = parent[at]!;
    if (at !== NONE) at = nextSibling[at]!;
  }
}
