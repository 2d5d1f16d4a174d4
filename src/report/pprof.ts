/**
 * Stacks as a profile of pprof (github.com/google/pprof, proto/profile.proto), gzipped: what
 * processes weigh in all ways.
 *
 * @module
 */
import { gzipSync } from "node:zlib";
import {
  Function as PprofFunction,
  Line,
  Location,
  Profile,
  Sample,
  StringTable,
  ValueType,
} from "pprof-format";
import type { Spans } from "./span.ts";
import { type Stack, stacksOf } from "./stacks.ts";
import { type Weight, WEIGHTS } from "./weights.ts";

const NS_PER_MS = 1_000_000n;

/** The file; `weight` is what is shown first. */
export function pprof(spans: Spans, weight: Weight): Uint8Array[] {
  const { frame } = spans;
  const stacks = stacksOf(spans);
  const names = new Map([...new Set(stacks.map(({ name }) => name))].map((name, at) => [name, at]));
  const stringTable = new StringTable();
  const text = (one: string) => stringTable.dedup(one.toWellFormed());
  const functions = [...names].map(([name, at]) => {
    return new PprofFunction({ id: at + 1, name: text(name), systemName: text(name) });
  });
  const locations = functions.map(({ id }) => {
    return new Location({ id, line: [new Line({ functionId: id, line: 0 })] });
  });
  const profile = new Profile({
    stringTable,
    sampleType: WEIGHTS.map((one) => {
      const unit = one === "wall" || one === "cpu" ? "nanoseconds" : "count";
      return new ValueType({ type: text(one), unit: text(unit) });
    }),
    sample: stacks.map((stack) => {
      return new Sample({
        locationId: linesOf(stack).map((name) => names.get(name)! + 1),
        value: WEIGHTS.map((one) => Math.round(stack.weights[one])),
      });
    }),
    function: functions,
    location: locations,
    timeNanos: BigInt(Math.round(frame.originMs)) * NS_PER_MS,
    durationNanos: frame.lengthNs,
    defaultSampleType: text(weight),
    comment: [frame.title, ...frame.notes].map(text),
  });
  return [gzipSync(profile.encode())];
}

/** Names from the process up to the first of its ancestors. */
function linesOf(stack: Stack): string[] {
  const names: string[] = [];
  for (let at: Stack | null = stack; at !== null; at = at.above) names.push(at.name);
  return names;
}
