/**
 * Lanes for a timeline: what overlaps stands in different ones, and what a process has started in
 * lanes below its own.
 *
 * @module
 */
import { type Kin, NONE } from "./kin.ts";
import type { Span, Spans } from "./span.ts";

/** Lanes, by number; those of the first processes have no lane above them. */
export interface Lanes {
  /** The lane of each span. */
  readonly of: Int32Array;
  /** The lane above each lane; {@linkcode NONE} where there is none. */
  readonly above: readonly number[];
}

/** When a span ends, on the line of the frame: what still runs then ends with it. */
export function endOf({ end, start }: Span, { frame }: Pick<Spans, "frame">): number {
  return Math.max(start, end ?? Math.max(start, frame.lengthNs));
}

/** Puts each span into the first lane that is free. */
export function lanesOf(spans: Spans, { parent }: Kin): Lanes {
  const of = new Int32Array(spans.spans.length).fill(NONE);
  const above: number[] = [];
  const freeFrom: number[] = [];
  /** Lanes below each, in the order in which they were made; the last is for those below none. */
  const below = new Map<number, number[]>();
  const put = (place: number) => {
    const span = spans.spans[place]!;
    const upper = parent[place] === NONE ? NONE : of[parent[place]!]!;
    let lanes = below.get(upper);
    if (lanes === undefined) below.set(upper, lanes = []);
    let lane = lanes.find((one) => freeFrom[one]! <= span.start);
    if (lane === undefined) {
      lane = above.push(upper) - 1;
      lanes.push(lane);
    }
    freeFrom[lane] = endOf(span, spans);
    of[place] = lane;
  };
  const line: number[] = [];
  for (let place = 0; place < of.length; place++) {
    // A parent that was seen later than its child comes first all the same.
    for (let at = place; at !== NONE && of[at] === NONE; at = parent[at]!) line.push(at);
    while (line.length > 0) put(line.pop()!);
  }
  return { of, above };
}
