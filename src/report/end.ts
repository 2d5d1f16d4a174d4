/**
 * When spans end.
 *
 * @module
 */
import type { Span, Spans } from "./span.ts";

/** When a span ends, on the line of the frame: what still runs then ends with it. */
export function endOf({ end, start }: Span, { frame }: Pick<Spans, "frame">): number {
  return Math.max(start, end ?? Math.max(start, frame.lengthNs));
}
