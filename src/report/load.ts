/**
 * How many processes lived at once, and how many CPUs they kept busy.
 *
 * @module
 */
import { endOf } from "./end.ts";
import type { Span, Spans } from "./span.ts";

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

/**
 * Each change within the report, in the order of time; several at one time are one. The first step
 * is that of its begin, the last that of its end, with who lives on.
 */
export function* loadOf(spans: Spans): Generator<LoadStep> {
  const lengthNs = Math.max(0, spans.frame.lengthNs);
  const lives = spans.spans.map((span) => lifeOf(span, spans));
  const ends = lives.filter(({ until }) => until <= lengthNs).sort((a, b) => a.until - b.until);
  let [living, cpus] = [0, 0];
  for (let [begun, ended, time] = [0, 0, 0];;) {
    while (begun < lives.length && lives[begun]!.from <= time) {
      cpus += lives[begun++]!.rate;
      living++;
    }
    while (ended < ends.length && ends[ended]!.until <= time) {
      cpus -= ends[ended++]!.rate;
      living--;
    }
    // What sums of fractions leave behind is nobody's.
    if (living === 0) cpus = 0;
    yield { time, living, cpus: Math.max(0, Math.round(cpus * PRECISION) / PRECISION) };
    if (time === lengthNs) return;
    time = Math.min(lives[begun]?.from ?? lengthNs, ends[ended]?.until ?? lengthNs, lengthNs);
  }
}

/** From when to when it is shown, infinite where it lives on, and the CPUs that it takes. */
interface ShownLife {
  readonly from: number;
  readonly until: number;
  readonly rate: number;
}

function lifeOf(span: Span, spans: Spans): ShownLife {
  const { cost, start, end } = span;
  const until = endOf(span, spans);
  const length = until - start;
  const cpuNs = cost === null || length <= 0 ? 0 : cost.user_ns + cost.system_ns;
  return {
    from: start,
    // What runs when the report ends lives on.
    until: end === null && until >= spans.frame.lengthNs ? Infinity : until,
    rate: cpuNs === 0 ? 0 : cpuNs / length,
  };
}
