/**
 * Lines of ancestors, followed upwards within bounds: who forks and dies, and whose child does the
 * same, makes a line as long as a history is.
 *
 * @module
 */
import { ANCESTORS_MAX } from "../model/memory.ts";
import { STEP_ROWS, type Steps } from "../steps.ts";

/** How the members of lines are linked. */
export interface Climb<One> {
  /** Whether it stands below its parent already. */
  isLinked(one: One): boolean;
  /** Links it to its parent, and gives that back; null where there is none. */
  link(one: One): One | null;
  /** It is an ancestor, and what is above it is followed no further. */
  cut(one: One): void;
}

/**
 * Links some to their parents, then those to theirs, and so on: the nearest come first, so that
 * one long line takes nothing from the short ones. `most` ancestors are linked at most.
 */
export function* linkUp<One>(
  some: Iterable<One>,
  climb: Climb<One>,
  most: number = ANCESTORS_MAX,
): Steps<void> {
  let [level, left, seen] = [some, Infinity, 0];
  while (true) {
    const next: One[] = [];
    for (const one of level) {
      if (++seen % STEP_ROWS === 0) yield;
      if (climb.isLinked(one)) continue;
      if (left <= 0) {
        climb.cut(one);
        continue;
      }
      left--;
      const parent = climb.link(one);
      if (parent !== null) next.push(parent);
    }
    if (next.length === 0) return;
    if (left === Infinity) left = most;
    level = next;
  }
}
