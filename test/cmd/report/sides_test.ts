import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { sidesOf } from "../../../src/cmd/report/sides.ts";
import { UsageError } from "../../../src/fault.ts";
import { temporaryFolder } from "../../support/at_end.ts";

const NOW = Date.UTC(2026, 10, 30, 12);
const sides = (...operands: string[]) => sidesOf(operands, NOW);
const file = (path: string) => ({ kind: "file", path });

test("two runs are what was before and what is after", () => {
  assert.deepEqual(sides("a.fhrun", "../b.fhrun"), [[file("a.fhrun")], [file("../b.fhrun")]]);
});

test("vs stands between several runs of each side, as globs give them", () => {
  assert.deepEqual(sides("a1", "a2", "vs", "b1"), [[file("a1"), file("a2")], [file("b1")]]);
  assert.deepEqual(sides("a", "vs", "b"), sides("a", "b"));
});

test("jobs and processes are named with what they are", () => {
  assert.deepEqual(sides("job:build", "job:ann/build 2"), [
    [{ kind: "job", name: "build" }],
    [{ kind: "job", name: "ann/build 2" }],
  ]);
  assert.deepEqual(sides("pid:4711@03:12", "pid:make"), [
    [{ kind: "process", text: "4711@03:12" }],
    [{ kind: "process", text: "make" }],
  ]);
});

test("two times with points between them are a stretch, unless a file is called so", () => {
  const stretch = { kind: "stretch", since: "09:00", until: "09:10" };
  const [[first], [second]] = sides("09:00..09:10", "20m ago..10m ago");
  assert.deepEqual(first, stretch);
  assert.deepEqual(second, { kind: "stretch", since: "20m ago", until: "10m ago" });
  const path = join(temporaryFolder("fh-sides-"), "1m..2m");
  writeFileSync(path, "");
  assert.deepEqual(sides(path, "a..b"), [[file(path)], [file("a..b")]]);
});

test("what makes no two sides is told, and what to write", () => {
  const rows: [string[], RegExp][] = [
    [[], /^Missing run: /],
    [["a"], /^Missing run: one alone is no comparison; give one before and one after$/],
    [["a", "b", "c"], /^Bad runs: 3 of them, .*; write vs between the sides$/],
    [["a", "vs"], /^Bad runs: vs must have runs on both its sides, and stand once$/],
    [["vs", "a"], /^Bad runs: vs /],
    [["a", "vs", "b", "vs", "c"], /^Bad runs: vs /],
    [["pid:-1", "a"], /^Bad pid: /],
  ];
  for (const [operands, message] of rows) {
    const isSo = (error: unknown) => error instanceof UsageError && message.test(error.message);
    assert.throws(() => sides(...operands), isSo, operands.join(" "));
  }
});
