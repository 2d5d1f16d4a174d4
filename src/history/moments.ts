/**
 * What happened in a history, and the order of it.
 *
 * @module
 */
import type { ChangeKind } from "../model/machine.ts";
import type { Life } from "./life.ts";

/** Order of what happens at the same time. */
export const RANK: Partial<Record<ChangeKind, number>> = { gap: 0, fork: 1, exec: 2, exit: 3 };

/** A place in the order of all that happened. */
export interface Place {
  readonly time: number;
  readonly kind: ChangeKind;
  /** Row of the life, or of the gap. */
  readonly key: number;
}

/** What happened, to be made a change when its turn comes. */
export interface Moment extends Place {
  /** Null for a gap. */
  readonly life: Life | null;
  /** exec: number of the image that the process took. gap: how many were lost, or null. */
  readonly a: number | null;
  /** gap: one of GAP_REASON. */
  readonly b: number;
  /** gap: when it began. */
  readonly since?: number;
}

/** Compares places: by time, then by what happened, then by row. */
export function comparePlaces(a: Place, b: Place): number {
  return a.time - b.time || RANK[a.kind]! - RANK[b.kind]! || a.key - b.key;
}

/** The end of a life, or when it was seen alive last. */
export function exitOf(life: Life): Moment {
  const time = life.end ?? life.born + life.seenFor;
  return { time, kind: "exit", key: life.key, life, a: null, b: 0 };
}

/** Its beginning. */
export function forkOf(life: Life): Moment {
  return { time: life.born, kind: "fork", key: life.key, life, a: null, b: 0 };
}

/** The exec of its last image. */
export function execOf(life: Life): Moment {
  return takenAt(life, life.born + life.exec!, life.imageKey);
}

/** An exec: it took an image at that time. */
export function takenAt(life: Life, time: number, image: number): Moment {
  return { time, kind: "exec", key: life.key, life, a: image, b: 0 };
}
