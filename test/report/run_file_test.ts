import assert from "node:assert/strict";
import { test } from "node:test";
import { readRun, RunFileError, runLines } from "../../src/report/run_file.ts";
import type { Span, Spans } from "../../src/report/span.ts";
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
    [[frame.replace(/"origin_ms":[\d.]+/, '"origin_ms":1e17')], /^line 1 has no origin_ms \(mom/],
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
