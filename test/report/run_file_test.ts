import assert from "node:assert/strict";
import { test } from "node:test";
import { readRun, RunFileError, runLines } from "../../src/report/run_file.ts";
import { otlpJson } from "../../src/report/otlp.ts";
import { jobTrace, type Span, type Spans } from "../../src/report/span.ts";
import { HOSTILE_TEXTS, spansOf } from "../support/spans.ts";

const lines = (spans: Spans) => [...runLines(spans)].map((line) => line.slice(0, -1));

test("what is saved is read again as it was", () => {
  const spans = spansOf([
    { id: "b-1-1", end: 10, status: 256, argv: ["sh", "-c", "x"] },
    { id: "b-2-1", parent: "b-1-1", start: 2, argv: HOSTILE_TEXTS, jobs: ["build"], cost: null },
    { id: "b-3-1", parent: "b-1-1", start: 3, isStartKnown: false, argvMore: 7, user: null },
  ]);
  assert.deepEqual(readRun(lines(spans)), spans);
});

test("which job of its name a process was in is kept, and nothing of others", () => {
  const traces = new Map([["b-1-1", jobTrace("b007", 17)]]);
  const all = spansOf([{ id: "b-1-1", jobs: ["build"] }, { id: "b-2-1" }]);
  const read = readRun(lines({ ...all, traces }));
  assert.deepEqual(read, { ...all, traces });
  assert.deepEqual([...otlpJson(read)], [...otlpJson({ ...all, traces })]);
  assert.notDeepEqual([...otlpJson(read)], [...otlpJson(all)]);
});

test("an earlier file says not how many there are; an empty line may be the last", () => {
  const spans = spansOf([{ id: "b-1-1" }, { id: "b-2-1" }]);
  const [frame, ...others] = lines(spans) as [string, ...string[]];
  assert.match(frame, /"processes":2\}$/);
  const old = frame.replace(/,"processes":2/, "");
  assert.deepEqual(readRun([old, ...others]), spans);
  assert.equal(readRun([old, others[0]!]).spans.length, 1);
  for (const blank of ["", " ", "\r"]) assert.deepEqual(readRun([frame, ...others, blank]), spans);
  const latest = { ...spans.frame, originMs: 9_223_372_036_000 };
  assert.equal(readRun(lines({ ...spans, frame: latest })).frame.originMs, latest.originMs);
});

test("no line has a character that a terminal would act on", () => {
  const text = lines(spansOf([{ id: "b-1-1", argv: HOSTILE_TEXTS }])).join("");
  assert.match(text, /\\u001b/);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(text, /[\x00-\x1f\x7f-\x9f\u202e]/);
});

test("processes that ran the same share what is told of it, and stand in order", () => {
  const spans = spansOf([{ id: "b-1-1", start: 5 }, { id: "b-2-1", start: 1 }]);
  const [first, second] = readRun(lines(spans)).spans as [Span, Span];
  assert.deepEqual([first.id, second.id], ["b-2-1", "b-1-1"]);
  assert.equal(first.image, second.image);
});

test("what is no saved run is told by its line", () => {
  const [frame, span] = lines(spansOf([{ id: "b-1-1" }])) as [string, string];
  const broken: [string[], RegExp][] = [
    [[], /^it is empty$/],
    [["{}"], /^line 1 is none of a saved run$/],
    [['{"event":"exit"}'], /^line 1 is none of a saved run$/],
    [["[1]"], /^line 1 is no JSON object$/],
    [[frame.replace('"version":1', '"version":9')], /^line 1 is of another version of fh$/],
    [[frame, "{"], /^line 2 is no JSON object$/],
    [[frame, span.replace('"pid":1', '"pid":"1"')], /^line 2 has no pid \(whole number\)$/],
    [[frame, span.replace('"start_ns":0', '"start_ns":1e300')], /^line 2 has no start_ns \(whole/],
    [[frame.replace(/"origin_ms":[\d.]+/, '"origin_ms":"x"')], /^line 1 has no origin_ms \(mom/],
    [
      [frame.replace(/"origin_ms":[\d.]+/, '"origin_ms":1e17')],
      /^line 1 has a time after the year 2/,
    ],
    [
      [frame, span.replace('"end_ns":10000000', '"end_ns":9e18')],
      /^line 2 has a time after .*end_ns/,
    ],
    [
      [frame, span.replace('"user_ns":2', '"user_ns":-2')],
      /^line 2 \(cost\) has a user_ns below 0$/,
    ],
    [[frame.replace('"length_ns":', '"length_ns":-')], /^line 1 has a length_ns below 0$/],
    [[frame, span.replace('"pid":1', '"pid":-1')], /^line 2 has a pid below 0$/],
    [[frame], /^it has 0 of 1 processes: it was cut$/],
    [[frame, span, span], /^it has 2 of 1 processes$/],
    [[frame, "", span], /^line 2 is no JSON object$/],
    [["", frame], /^line 1 is no JSON object$/],
    [[frame, span, span.replace('"id"', '"di"')], /^line 3 has no id \(text\)$/],
    [
      [frame, span.replace('"user_ns"', '"_"')],
      /^line 2 \(cost\) has no user_ns \(whole number\)$/,
    ],
    [[frame, span.replace(/"argv":\[.*?\]/, '"argv":[1]')], /^line 2 has no argv \(list of/],
  ];
  for (const [bad, seen] of broken) {
    assert.throws(() => readRun(bad), (error) => {
      assert.ok(error instanceof RunFileError);
      assert.match(error.message, seen);
      return true;
    });
  }
});
