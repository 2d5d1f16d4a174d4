/**
 * When spans end.
 *
 * @module
 */
import type { Span, Spans } from "./span.ts";

/** When a span ends, on the line of the frame: what still runs ends with what was seen. */
export function endOf({ end, start }: Span, { frame }: Pick<Spans, "frame">): number {
  return Math.max(start, end ?? Math.max(start, frame.seenNs ?? frame.lengthNs));
}
