import assert from "node:assert/strict";
import { test } from "node:test";
import { spansPath } from "../../src/report/critical_path.ts";
import type { Spans } from "../../src/report/span.ts";
import { modelOf } from "../support/report_page.ts";
import { frameOf, madeUpBuild, runOf, spanOf } from "../support/report_spans.ts";

const steps = (spans: Spans) =>
  spansPath(spans).map(({ index, from, to, depth }) => {
    return [spans.spans[index]!.pid, from / 1e6, to / 1e6, depth];
  });

test("the path goes from the end backwards, through whoever ended last", () => {
  const spans = runOf([
    spanOf(1, null, [0, 100], ["make"]),
    spanOf(2, 1, [10, 40], ["short"]),
    spanOf(3, 1, [10, 60], ["long"]),
    spanOf(4, 1, [65, 90], ["link"]),
    spanOf(5, 4, [70, 85], ["ld"]),
  ]);
  assert.deepEqual(steps(spans), [
    [1, 0, 10, 0],
    [3, 10, 60, 1],
    [1, 60, 65, 0],
    [4, 65, 70, 1],
    [5, 70, 85, 2],
    [4, 85, 90, 1],
    [1, 90, 100, 0],
  ]);
});

test("what still runs at the end of the report has a path up to the last end", () => {
  const spans = runOf([spanOf(1, null, [0, null], ["make"]), spanOf(2, 1, [10, 40], ["cc"])]);
  assert.deepEqual(steps(spans), [[1, 0, 10, 0], [2, 10, 40, 1]]);
});

test("where nobody is waited for by all, there is no path", () => {
  const spans = [spanOf(1, null, [0, 9], ["a"]), spanOf(2, null, [0, 9], ["b"])];
  assert.deepEqual(steps({ frame: frameOf(), spans }), []);
  assert.deepEqual(steps({ frame: frameOf(), spans: [] }), []);
  assert.equal(steps({ frame: frameOf(), spans: spans.slice(0, 1) }).length, 1);
});

test("who is their own ancestor in a damaged file is gone through once", () => {
  const spans = [spanOf(1, 2, [0, 9], ["a"]), spanOf(2, 1, [0, 9], ["b"])];
  const run = { name: "a", argv: ["a"], status: 0, root: spans[0]!.id };
  assert.deepEqual(steps({ frame: frameOf({ run }), spans }), []);
});

test("a page finds the same path in its columns", () => {
  const spans = madeUpBuild(600);
  const model = modelOf(spans);
  const ours = model.path.map(({ index, from, to }) => [model.idOf(index), from, to]);
  const theirs = spansPath(spans).map(({ index, from, to }) => {
    return [spans.spans[index]!.id, Math.round(from / 1e3), Math.round(to / 1e3)];
  });
  assert.deepEqual(ours, theirs);
});
