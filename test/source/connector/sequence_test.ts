import assert from "node:assert/strict";
import { test } from "node:test";
import { SequenceAccount } from "../../../src/source/connector/sequence.ts";
import { random } from "../../support/random.ts";

test("missing is 0 while each CPU counts on", () => {
  const account = new SequenceAccount();
  for (let seq = 7; seq < 100; seq++) {
    account.note(0, seq, 0);
    account.note(3, seq * 2 - seq + 1000, 0);
  }
  assert.equal(account.missing, 0);
});

test("missing counts each number that never came, per CPU", () => {
  const account = new SequenceAccount();
  for (const seq of [1, 2, 5, 6, 10]) account.note(0, seq, 0);
  for (const seq of [100, 101, 103]) account.note(1, seq, 0);
  assert.equal(account.missing, 2 + 3 + 1);
});

test("missing does not count numbers that come late", () => {
  const account = new SequenceAccount();
  for (const seq of [1, 3, 2, 4]) account.note(0, seq, 0);
  assert.equal(account.missing, 0);
});

test("missing follows the counter through its wrap", () => {
  const account = new SequenceAccount();
  for (const seq of [0xfffffffe, 0xffffffff, 0, 1, 3]) account.note(0, seq, 0);
  assert.equal(account.missing, 1);
});

test("missing is exact for any loss and small reorder", () => {
  const next = random(4711);
  for (let round = 0; round < 100; round++) {
    const account = new SequenceAccount();
    const start = Math.floor(next() * 0x1_0000_0000);
    const kept = Array.from({ length: 500 }, (_, i) => i)
      .filter((i) => i === 0 || i === 499 || next() < 0.8);
    const lost = 500 - kept.length;
    for (let i = 1; i + 2 < kept.length; i++) {
      if (next() < 0.1) [kept[i], kept[i + 1]] = [kept[i + 1]!, kept[i]!];
    }
    for (const i of kept) account.note(0, (start + i) >>> 0, 0);
    assert.equal(account.missing, lost, `round ${round}`);
  }
});

test("takeNewCpu() tells of a CPU once", () => {
  const account = new SequenceAccount();
  account.note(0, 5, 0);
  assert.deepEqual([account.takeNewCpu(), account.takeNewCpu()], [true, false]);
  account.note(1, 5, 0);
  assert.equal(account.takeNewCpu(), true);
});

test("a hole begins at the last event of its CPU, whatever others tell meanwhile", () => {
  const account = new SequenceAccount();
  assert.deepEqual([account.holeSince, account.lastOfAll], [Infinity, Infinity]);
  account.note(0, 1, 100);
  account.note(1, 1, 110);
  account.note(1, 2, 900);
  account.note(0, 5, 1000);
  assert.equal(account.holeSince, 100);
  account.note(1, 9, 1100);
  assert.deepEqual([account.holeSince, account.lastOfAll], [100, 1000]);
  account.closeHoles();
  assert.equal(account.holeSince, Infinity);
  account.note(1, 11, 1200);
  assert.equal(account.holeSince, 1100);
});
