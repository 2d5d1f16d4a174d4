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
  const recent = new Recent(1024);
  assert.equal(recent.active, false);
  assert.equal(recent.covers(1e15), false);
  recent.begin(10);
  assert.ok(recent.active);
  assert.deepEqual([9, 10, 11].map((seq) => recent.covers(seq)), [false, true, true]);
});

test("a process is told as it was at the event, and left as it is", () => {
  const recent = new Recent(1024);
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

test("numbers, times and marks come back", () => {
  const recent = new Recent(1024);
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
  const recent = new Recent(2048);
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
  const recent = new Recent(1024);
  recent.begin(0);
  for (let seq = 1; seq <= 1500; seq++) recent.add(change("gap", seq, null), seq);
  recent.forget();
  assert.equal(recent.covers(1500), false);
  recent.begin(2000);
  recent.add(change("gap", 1, null), 2001);
  assert.deepEqual(told(recent, 0), ["2001 gap - -"]);
});

test("a replay ends when it is told to, and goes on from any number", () => {
  const recent = new Recent(1024);
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
