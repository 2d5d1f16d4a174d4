import assert from "node:assert/strict";
import { test } from "node:test";
import { GAP_REASON, UNKNOWN } from "../../src/model/event.ts";
import { Change, type ChangeKind } from "../../src/model/machine.ts";
import { ChangeStream, type LineWriter } from "../../src/term/stream.ts";
import { FakeOutput } from "../support/fake_output.ts";

const EPOCH = { seconds: 0, ns: 0 };
const MANY = 1 << 30;

function change(kind: ChangeKind, a = 0, b = 0): Change {
  return Object.assign(new Change(), { kind, a, b, time: 7 });
}

function stream(): { output: FakeOutput; stream: ChangeStream } {
  const output = new FakeOutput();
  const append: LineWriter["append"] = ({ kind, a, b }, _epoch, to) => {
    to.text(`${kind} ${a} ${b}\n`);
  };
  return { output, stream: new ChangeStream(output, { append }) };
}

test("add() gathers lines until they are flushed", () => {
  const { output, stream: changes } = stream();
  changes.add(change("fork"), EPOCH);
  assert.equal(output.text, "");
  changes.flush();
  assert.deepEqual(output.lines, ["fork 0 0"]);
});

test("add() drops while too much waits, and tells how much before the next line", () => {
  const { output, stream: changes } = stream();
  output.pendingBytes = MANY;
  for (let i = 0; i < 3; i++) changes.add(change("fork"), EPOCH);
  output.pendingBytes = 0;
  changes.add(change("exit"), EPOCH);
  changes.flush();
  assert.deepEqual(output.lines, [`gap 3 ${GAP_REASON.reader}`, "exit 0 0"]);
});

test("add() never drops a gap: its count is told later", () => {
  const { output, stream: changes } = stream();
  output.pendingBytes = MANY;
  changes.add(change("gap", 100, GAP_REASON.overflow), EPOCH);
  changes.add(change("fork"), EPOCH);
  changes.add(change("gap", 5, GAP_REASON.overflow), EPOCH);
  output.pendingBytes = 0;
  changes.end(9, EPOCH);
  assert.deepEqual(output.lines, [`gap 105 ${GAP_REASON.overflow}`, `gap 1 ${GAP_REASON.reader}`]);
});

test("a gap that is told late begins when the first was dropped", () => {
  const gaps: number[][] = [];
  const output = new FakeOutput();
  const stream = new ChangeStream(output, {
    append: ({ kind, since, time }) => void (kind === "gap" && gaps.push([since, time])),
  });
  output.pendingBytes = MANY;
  for (const time of [3, 4, 5]) {
    const dropped = change("fork");
    dropped.time = time;
    stream.add(dropped, EPOCH);
  }
  output.pendingBytes = 0;
  stream.end(9, EPOCH);
  assert.deepEqual(gaps, [[3, 9]]);
});

test("a gap of which nobody knows the count takes nothing from those that are counted", () => {
  const { output, stream: changes } = stream();
  output.pendingBytes = MANY;
  changes.add(change("gap", 5, GAP_REASON.overflow), EPOCH);
  for (let i = 0; i < 2; i++) changes.add(change("gap", UNKNOWN, GAP_REASON.overflow), EPOCH);
  output.pendingBytes = 0;
  changes.end(9, EPOCH);
  assert.deepEqual(output.lines, [
    `gap 5 ${GAP_REASON.overflow}`,
    `gap ${UNKNOWN} ${GAP_REASON.overflow}`,
  ]);
});

test("ready is false before anything has to be dropped", () => {
  const { output, stream: changes } = stream();
  assert.equal(changes.ready, true);
  output.pendingBytes = 8 << 20;
  assert.equal(changes.ready, false);
  changes.add(change("fork"), EPOCH);
  changes.flush();
  assert.deepEqual(output.lines, ["fork 0 0"]);
});
