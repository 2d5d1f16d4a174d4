/**
 * Lanes for a timeline: what overlaps stands in different ones, and what a process has started in
 * lanes below its own.
 *
 * @module
 */
import { type Kin, NONE } from "./kin.ts";
import { FreeLanes } from "./free_lanes.ts";
import type { Spans } from "./span.ts";
import { shownEnd, shownStart } from "./within.ts";
import { nameOf } from "./words.ts";

/** Lanes, by number; those of the first processes have no lane above them. */
export interface Lanes {
  /** The lane of each span. */
  readonly of: Int32Array;
  /** The lane above each lane; {@linkcode NONE} where there is none. */
  readonly above: readonly number[];
}

/** Puts the part of each span that is shown into the first lane that is free. */
export function lanesOf(spans: Spans, { parent }: Kin): Lanes {
  const of = new Int32Array(spans.spans.length).fill(NONE);
  const above: number[] = [];
  /** Lanes below each; the last is for those below none. */
  const below = new Map<number, FreeLanes>();
  const put = (place: number) => {
    const span = spans.spans[place]!;
    const upper = parent[place] === NONE ? NONE : of[parent[place]!]!;
    let lanes = below.get(upper);
    if (lanes === undefined) below.set(upper, lanes = new FreeLanes());
    const [from, until] = [shownStart(span, spans), shownEnd(span, spans)];
    of[place] = lanes.take(from, until, () => above.push(upper) - 1);
  };
  const line: number[] = [];
  for (let place = 0; place < of.length; place++) {
    // A parent that was seen later than its child comes first all the same.
    for (let at = place; at !== NONE && of[at] === NONE; at = parent[at]!) line.push(at);
    while (line.length > 0) put(line.pop()!);
  }
  return { of, above };
}

/** Lanes, each behind the one above it. */
export function inOrder({ above }: Lanes): number[] {
  const below = new Map<number, number[]>();
  for (const [lane, upper] of above.entries()) {
    const lanes = below.get(upper);
    if (lanes === undefined) below.set(upper, [lane]);
    else lanes.push(lane);
  }
  const order: number[] = [];
  const open = [...below.get(NONE) ?? []].reverse();
  for (let lane = open.pop(); lane !== undefined; lane = open.pop()) {
    order.push(lane);
    for (const next of (below.get(lane) ?? []).toReversed()) open.push(next);
  }
  return order;
}

/** What lanes are called: each after the first process in it. */
export function namesOf({ of, above }: Lanes, { spans }: Spans): string[] {
  const names = new Array<string>(above.length).fill("");
  for (let place = of.length - 1; place >= 0; place--) names[of[place]!] = nameOf(spans[place]!);
  return names;
}
