/**
 * What the end of a report's first process waited for. Pure.
 *
 * @module
 */
import { criticalPath, type PathStretch } from "../model/critical_path.ts";
import type { Span, Spans } from "./span.ts";

/**
 * The stretches in which everything waited for one process, in the order of time: `index` is the
 * place of its span, times are nanoseconds since the origin of the frame. Empty where there is no
 * one process at whose end all others are over: that of the command, or the only one without a
 * parent in the report.
 */
export function spansPath(spans: Spans): PathStretch[] {
  const all = spans.spans;
  const parents = parentsOf(all);
  const starts = new Float64Array(all.map(({ start }) => start));
  const ends = new Float64Array(all.map(({ end }) => end ?? Infinity));
  return criticalPath({ count: all.length, starts, ends, parents }, rootOf(spans, parents));
}

/** The place of each span's parent; -1 where it is not in the report. */
export function parentsOf(spans: readonly Span[]): Int32Array {
  const places = new Map(spans.map(({ id }, index) => [id, index]));
  return new Int32Array(
    spans.map(({ parent }) => parent === null ? -1 : places.get(parent) ?? -1),
  );
}

/** The process at whose end all others are over; -1 where there is none. */
export function rootOf({ frame, spans }: Spans, parents: Int32Array): number {
  const root = frame.run?.root ?? null;
  if (root !== null) return spans.findIndex(({ id }) => id === root);
  const first = parents.indexOf(-1);
  const span = spans[first];
  // What was there before, or goes on, is a host rather than a command.
  const isWhole = span !== undefined && span.isStartKnown && span.start >= 0 && span.end !== null;
  return isWhole && first === parents.lastIndexOf(-1) ? first : -1;
}
