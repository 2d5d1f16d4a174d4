import assert from "node:assert/strict";
import { test } from "node:test";
import { perfetto } from "../../src/report/perfetto.ts";
import type { Spans } from "../../src/report/span.ts";
import { buildSpans } from "../support/build_spans.ts";
import { readTrace } from "../support/perfetto.ts";
import { spansOf } from "../support/spans.ts";

const MS = 1_000_000;

function traceOf(spans: Spans) {
  return readTrace(new Uint8Array([...perfetto(spans)].flatMap((piece) => [...piece])));
}

test("each process is a slice with what is known of it", () => {
  const { slices } = traceOf(buildSpans());
  const processes = slices.filter(({ facts }) => facts["pid"] !== undefined);
  assert.equal(processes.length, 7);
  const make = processes.find(({ name }) => name === "make")!;
  assert.deepEqual([make.start, make.end], [0, 100 * MS]);
  assert.equal(make.category, "failed");
  assert.deepEqual(
    [make.facts["command"], make.facts["pid"], make.facts["outcome"], make.facts["jobs"]],
    ["make -j2", 10, "exit 2", "build"],
  );
  assert.deepEqual([make.facts["user_ns"], make.facts["peak_bytes"]], [2 * MS, 5 << 20]);
  const daemon = processes.find(({ name }) => name === "daemon")!;
  assert.deepEqual([daemon.end, daemon.facts["outcome"]], [100 * MS, "running"]);
});

test("tracks are nested like the tree, and a flow goes with each fork", () => {
  const { slices, parents } = traceOf(buildSpans());
  const of = (pid: number) => slices.find(({ facts }) => facts["pid"] === pid)!;
  for (const [child, parent] of [[11, 10], [12, 10], [13, 11], [14, 12], [15, 11]] as const) {
    assert.equal(parents.get(of(child).track), of(parent).track);
    const [flow] = of(child).flows;
    const fork = slices.find(({ name, flows }) => name === "fork" && flows[0] === flow)!;
    assert.deepEqual([fork.track, fork.start], [of(parent).track, of(child).start]);
  }
  assert.deepEqual(of(10).flows, []);
  assert.equal(new Set([...parents].map(([, parent]) => parent === undefined)).size, 2);
});

test("no two slices of a track overlap", () => {
  const { slices } = traceOf(buildSpans());
  const tracks = Map.groupBy(slices.filter(({ end }) => end !== null), ({ track }) => track);
  for (const some of tracks.values()) {
    const sorted = some.toSorted((a, b) => a.start - b.start);
    sorted.slice(1).forEach(({ start }, at) => assert.ok(start >= sorted[at]!.end!));
  }
});

test("counters tell how many lived, and how many CPUs they took", () => {
  const { counters } = traceOf(buildSpans());
  const living = counters.get("processes")!;
  // One was there before, and the daemon lives on.
  assert.deepEqual(living.slice(0, 3), [[0, 2], [10 * MS, 3], [12 * MS, 4]]);
  assert.deepEqual(living.at(-1), [100 * MS, 1]);
  assert.equal(Math.max(...living.map(([, value]) => value)), 5);
  // make takes 3 ms in 100, the unknown one as much in 25; one compiler in 40.
  assert.deepEqual(counters.get("CPU")!.slice(0, 2), [[0, 0.15], [10 * MS, 0.225]]);
});

test("the picture is the stretch that was asked for, not the life of who was there before", () => {
  const day = 24 * 3600e9;
  const spans = spansOf([
    { id: "b-1-1", start: -day, end: null, status: null, name: "init" },
    { id: "b-2-1", parent: "b-1-1", start: -5 * MS, end: 40 * MS },
    { id: "b-3-1", parent: "b-1-1", start: 10 * MS, end: day },
  ], { lengthNs: 60 * MS });
  const { slices, counters, clocks } = traceOf(spans);
  const times = slices.flatMap(({ start, end }) => end === null ? [start] : [start, end]);
  const counted = [...counters.values()].flatMap((steps) => steps.map(([time]) => time));
  for (const all of [times, counted]) {
    assert.deepEqual([Math.min(...all), Math.max(...all)], [0, 60 * MS]);
  }
  assert.equal(clocks.get(6), 0);
  assert.deepEqual(counters.get("processes"), [[0, 2], [10 * MS, 3], [40 * MS, 2], [60 * MS, 2]]);
  const facts = (pid: number) => {
    const { before_ns, after_ns, duration_ns } = slices.find((one) => one.facts["pid"] === pid)!
      .facts;
    return [before_ns, after_ns, duration_ns];
  };
  assert.deepEqual(slices.filter(({ name }) => name === "fork").map(({ start }) => start), [
    10 * MS,
  ]);
  assert.deepEqual(facts(1), [day, undefined, day + 60 * MS]);
  assert.deepEqual(facts(2), [5 * MS, undefined, 45 * MS]);
  assert.deepEqual(facts(3), [undefined, day - 60 * MS, day - 10 * MS]);
});

test("what was lost is marked where it was lost", () => {
  const lost = traceOf(buildSpans()).slices.find(({ category }) => category === "gap")!;
  assert.deepEqual([lost.name, lost.start], ["lost events: overflow", 30 * MS]);
  assert.deepEqual(lost.facts, { duration_ns: MS, lost: 2 });
});

test("times are exact, and those of the wall clock known", () => {
  const start = 40 * 24 * 3600 * 1e9 + 1;
  const spans = spansOf([{ id: "b-1-1", start, end: start + 1 }], { lengthNs: start + 2 });
  const { slices, clocks } = traceOf(spans);
  assert.deepEqual([slices[0]!.start, slices[0]!.end], [start, start + 1]);
  assert.equal(clocks.get(6), 0);
  // 2^60 ns: a number tells 256 of them.
  assert.ok(Math.abs(clocks.get(1)! - spans.frame.originMs * 1e6) <= 256);
});

test("a command line that is too long to come twice stands in full", () => {
  const argv = ["x".repeat(5000)];
  const { slices } = traceOf(spansOf([{ id: "b-1-1", argv }]));
  assert.equal(slices[0]!.facts["command"], argv[0]);
});
