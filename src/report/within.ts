/**
 * The part of a life that a report shows: what was before it, or comes after it, is none of it.
 *
 * @module
 */
import { endOf } from "./end.ts";
import type { Span, Spans } from "./span.ts";

type Framed = Pick<Spans, "frame">;

/** When a span begins in the report, nanoseconds since the origin. */
export function shownStart({ start }: Span, { frame }: Framed): number {
  return within(start, frame.lengthNs);
}

/** When it ends in the report, or the report ends. */
export function shownEnd(span: Span, spans: Framed): number {
  return within(endOf(span, spans), spans.frame.lengthNs);
}

/** Of a life that is shown in part: how much was before, how much comes after, and all of it. */
export function* cutFacts(span: Span, spans: Framed): Generator<[name: string, ns: number]> {
  const end = endOf(span, spans);
  const before = shownStart(span, spans) - span.start;
  const after = end - shownEnd(span, spans);
  if (before > 0) yield ["before_ns", before];
  if (after > 0) yield ["after_ns", after];
  if (before > 0 || after > 0) yield ["duration_ns", end - span.start];
}

/** A gap: when it begins in the report, and what is known of it. */
export interface Loss {
  readonly time: number;
  readonly reason: string;
  /** `duration_ns`, and `lost` where it is known how many events. */
  readonly facts: Readonly<Record<string, number>>;
}

/** What was lost within the report. */
export function* lossesIn({ frame }: Framed): Generator<Loss> {
  for (const { since, until, reason, lost } of frame.gaps) {
    const known: Record<string, number> = lost === null ? {} : { lost };
    const facts = { duration_ns: until - since, ...known };
    yield { time: within(since, frame.lengthNs), reason, facts };
  }
}

function within(ns: number, lengthNs: number): number {
  return ns < 0 ? 0 : ns > lengthNs ? Math.max(0, lengthNs) : ns;
}
