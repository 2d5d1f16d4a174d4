/**
 * How many processes lived at once, and how many CPUs they kept busy.
 *
 * @module
 */
import { endOf } from "./end.ts";
import type { Spans } from "./span.ts";

/** A thousandth of a CPU. */
const PRECISION = 1000;

/** From a time on, up to the next. */
export interface LoadStep {
  /** Nanoseconds since the origin. */
  readonly time: number;
  readonly living: number;
  /** CPUs: what each process has used is spread over its life. */
  readonly cpus: number;
}

/** Each change, in the order of time; several at one time are one. */
export function* loadOf(spans: Spans): Generator<LoadStep> {
  const ends = spans.spans.map((span, at) => ({ at, time: endOf(span, spans) }));
  ends.sort((a, b) => a.time - b.time);
  const rates = Float64Array.from(spans.spans, (span) => {
    const { cost, start } = span;
    const length = endOf(span, spans) - start;
    return cost === null || length <= 0 ? 0 : (cost.user_ns + cost.system_ns) / length;
  });
  let [living, cpus] = [0, 0];
  for (let [begun, ended] = [0, 0]; ended < ends.length;) {
    const start = spans.spans[begun]?.start ?? Infinity;
    const time = Math.min(start, ends[ended]!.time);
    while (begun < spans.spans.length && spans.spans[begun]!.start === time) {
      cpus += rates[begun++]!;
      living++;
    }
    while (ended < ends.length && ends[ended]!.time === time) {
      cpus -= rates[ends[ended++]!.at]!;
      living--;
    }
    // What sums of fractions leave behind is nobody's.
    if (living === 0) cpus = 0;
    yield { time, living, cpus: Math.max(0, Math.round(cpus * PRECISION) / PRECISION) };
  }
}
