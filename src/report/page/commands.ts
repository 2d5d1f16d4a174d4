/**
 * Sums by name. Pure.
 *
 * @module
 */
import type { Model } from "./model.ts";

/** What processes of one name have in common. Times are microseconds. */
export interface CommandSum {
  readonly name: string;
  count: number;
  failed: number;
  /** Sum of their lives. */
  wall: number;
  longest: number;
  /** Without when a child of theirs lived. */
  own: number;
  /** CPU time that is known, and of how many. */
  cpu: number;
  accounted: number;
  /** On the critical path. */
  path: number;
  /** Largest resident size, bytes; null where none is known. */
  peak: number | null;
}

/** A sum for each name, the one that lived longest by itself first. */
export function commandsOf(model: Model): CommandSum[] {
  /** By place of the name, one further: names that look the same have one sum. */
  const sums = new Array<CommandSum | undefined>(model.head.names.length + 1).fill(undefined);
  const byName = new Map<string, CommandSum>();
  const sumOf = (place: number) => {
    const at = model.name[place]! + 1;
    let sum = sums[at];
    if (sum === undefined) {
      const name = model.nameOf(place);
      sum = byName.get(name) ?? nothing(name);
      byName.set(name, sum);
      sums[at] = sum;
    }
    return sum;
  };
  for (let place = 0; place < model.count; place++) {
    const sum = sumOf(place);
    const begin = Math.max(0, model.start[place]!);
    const wall = Math.max(0, Math.min(model.length, model.end[place]!) - begin);
    sum.count++;
    sum.failed += model.failed[place]!;
    sum.wall += wall;
    sum.longest = Math.max(sum.longest, wall);
    sum.own += model.own[place]!;
    if (model.cpu[place]! >= 0) {
      sum.accounted++;
      sum.cpu += model.cpu[place]!;
    }
    const peak = model.costOf("peak_bytes", place);
    if (peak !== null) sum.peak = Math.max(sum.peak ?? 0, peak);
  }
  for (const { index, from, to } of model.path) sumOf(index).path += to - from;
  return [...byName.values()].sort((a, b) => b.own - a.own || b.count - a.count);
}

/** All names, the one that lived longest by itself on all sides together first. */
export function namesOf(sides: readonly (readonly CommandSum[])[]): string[] {
  const sums = new Map<string, { own: number; count: number }>();
  for (const { name, own, count } of sides.flat()) {
    const before = sums.get(name);
    sums.set(name, { own: (before?.own ?? 0) + own, count: (before?.count ?? 0) + count });
  }
  return [...sums].sort(([, a], [, b]) => b.own - a.own || b.count - a.count).map(([name]) => name);
}

function nothing(name: string): CommandSum {
  const time = { wall: 0, longest: 0, own: 0, cpu: 0, path: 0 };
  return { name, count: 0, failed: 0, accounted: 0, peak: null, ...time };
}
