import assert from "node:assert/strict";
import { test } from "node:test";
import { Change, type ChangeKind } from "../../src/model/machine.ts";
import { Image } from "../../src/model/image.ts";
import { Process } from "../../src/model/process.ts";
import { Recent } from "../../src/serve/recent.ts";
import { image } from "../support/events.ts";

function change(kind: ChangeKind, time: number, process: Process | null): Change {
  const made = new Change();
  Object.assign(made, { kind, time, process, tid: process?.pid ?? 0, a: time * 2, b: 3 });
  return made;
}

/** `seq kind comm uid` of what is remembered after a number. */
function told(recent: Recent, after: number): string[] {
  const lines: string[] = [];
  recent.replay(after, ({ kind, process }, seq) => {
    lines.push(`${seq} ${kind} ${process?.image.comm ?? "-"} ${process?.uid ?? "-"}`);
    return true;
  });
  return lines;
}

test("nothing is remembered before it begins", () => {
  const recent = new Recent(1024, 1 << 20);
  assert.equal(recent.active, false);
  assert.equal(recent.covers(1e15), false);
  recent.begin(10);
  assert.ok(recent.active);
  assert.deepEqual([9, 10, 11].map((seq) => recent.covers(seq)), [false, true, true]);
});

test("a process is told as it was at the event, and left as it is", () => {
  const recent = new Recent(1024, 1 << 20);
  recent.begin(0);
  const process = new Process(7, 1, 0);
  process.image = Image.decode(image("/bin/sh"));
  process.uid = null;
  recent.add(change("fork", 1, process), 1);
  process.image = Image.decode(image("/bin/cat"));
  process.uid = 0xfffffffe;
  recent.add(change("exec", 2, process), 2);
  recent.add(change("gap", 3, null), 3);
  process.image = Image.decode(image("/bin/ls"));
  process.uid = 5;
  assert.deepEqual(told(recent, 0), ["1 fork sh -", "2 exec cat 4294967294", "3 gap - -"]);
  assert.deepEqual(told(recent, 2), ["3 gap - -"]);
  assert.equal(process.image.comm, "ls");
  assert.equal(process.uid, 5);
});

test("a gap comes back with its beginning", () => {
  const recent = new Recent(1024, 1 << 20);
  recent.begin(0);
  const added = change("gap", 9, null);
  added.since = 4;
  recent.add(added, 1);
  added.since = 9;
  recent.add(added, 2);
  const gaps: number[][] = [];
  recent.replay(0, ({ since, time }) => gaps.push([since, time]) > 0);
  assert.deepEqual(gaps, [[4, 9], [9, 9]]);
});

test("numbers, times and marks come back", () => {
  const recent = new Recent(1024, 1 << 20);
  recent.begin(0);
  const added = change("exit", 2 ** 52, new Process(7, 1, 0));
  added.inferred = true;
  added.a = -1;
  recent.add(added, 2 ** 51);
  recent.replay(0, ({ time, inferred, a, b, tid }, seq) => {
    assert.deepEqual([time, inferred, a, b, tid, seq], [2 ** 52, true, -1, 3, 7, 2 ** 51]);
    return true;
  });
});

test("the oldest is forgotten first, and what is covered says so", () => {
  const recent = new Recent(2048, 1 << 20);
  recent.begin(0);
  for (let seq = 1; seq <= 5000; seq++) recent.add(change("gap", seq, null), seq);
  assert.equal(recent.covers(5000 - 2048), true);
  assert.equal(recent.covers(5000 - 2048 - 1), false);
  const lines = told(recent, 0);
  assert.equal(lines.length, 2048);
  assert.equal(lines[0], `${5000 - 2047} gap - -`);
  assert.equal(lines.at(-1), "5000 gap - -");
});

test("what is forgotten is gone, and it can begin anew", () => {
  const recent = new Recent(1024, 1 << 20);
  recent.begin(0);
  for (let seq = 1; seq <= 1500; seq++) recent.add(change("gap", seq, null), seq);
  recent.forget();
  assert.equal(recent.covers(1500), false);
  recent.begin(2000);
  recent.add(change("gap", 1, null), 2001);
  assert.deepEqual(told(recent, 0), ["2001 gap - -"]);
});

test("a replay ends when it is told to, and goes on from any number", () => {
  const recent = new Recent(1024, 1 << 20);
  recent.begin(0);
  for (let seq = 1; seq <= 1500; seq++) recent.add(change("gap", seq, null), seq * 3);
  let last = 0;
  const some = recent.replay(3000, (_change, seq) => {
    last = seq;
    return seq < 3030;
  });
  assert.deepEqual([some, last], [false, 3030]);
  assert.deepEqual(told(recent, 4497), ["4500 gap - -"]);
  assert.deepEqual(told(recent, 4500), []);
  assert.equal(recent.replay(4496, () => true), true);
});

test("images that only this memory keeps are bounded in bytes, the oldest is forgotten", () => {
  const recent = new Recent(1 << 12, 1 << 20);
  recent.begin(0);
  for (let n = 1; n <= 3000; n++) {
    const process = new Process(n, 1, 0);
    process.image = Image.decode(image("/bin/x", "y".repeat(60_000)));
    recent.add(change("exec", n, process), n);
    recent.add(change("exit", n, process), n + 0.5);
  }
  assert.ok(!recent.covers(2900) && recent.covers(2999));
  assert.ok(told(recent, 0).length < 40);
  // The ring, whose head is anywhere by now, grows all the same.
  const one = new Process(1, 1, 0);
  for (let n = 1; n <= 3000; n++) recent.add(change("fork", n, one), 3000 + n);
  assert.deepEqual(told(recent, 5990).length, 10);
  assert.equal(told(recent, 3000.5).length, 3000);
});
