import assert from "node:assert/strict";
import { test } from "node:test";
import { Doubts } from "../../src/model/doubts.ts";
import { Process } from "../../src/model/process.ts";

function running(pid: number): Process {
  const process = new Process(pid, pid * 1e7, 0);
  process.state = "running";
  return process;
}

const pidsOf = (gone: readonly { process: Process }[]) => gone.map(({ process }) => process.pid);

test("a process that is gone is told at the second look, with its last exit, in a second", () => {
  const doubts = new Doubts();
  const one = running(1);
  assert.equal(doubts.nextAt, Infinity);
  doubts.note(one, 70, 1000);
  doubts.note(one, 80, 1010);
  const first = doubts.nextAt;
  assert.deepEqual(doubts.look(first - 1, () => assert.fail("not due")), []);
  assert.deepEqual(doubts.look(first, () => false), []);
  const second = doubts.nextAt;
  assert.ok(second > first && second < 2000);
  assert.deepEqual(doubts.look(second, () => false), [{ process: one, end: 80 }]);
  assert.equal(doubts.nextAt, Infinity);
});

test("the living are looked up after longer and longer pauses, and again after an exit", () => {
  const doubts = new Doubts();
  const one = running(1);
  doubts.note(one, 70, 0);
  let looks = 0;
  for (let day = 0; doubts.nextAt < 3_600_000; day++) {
    const now = doubts.nextAt;
    assert.deepEqual(doubts.look(now, () => ++looks > 0), []);
  }
  assert.ok(looks < 140, `${looks} looks in an hour`);
  doubts.note(one, 90, 3_600_000);
  assert.ok(doubts.nextAt < 3_601_000);
});

test("what was gone and is there again is told only when it is gone twice in a row", () => {
  const doubts = new Doubts();
  doubts.note(running(1), 70, 0);
  for (const isThere of [false, true, false, true, false]) {
    assert.deepEqual(doubts.look(doubts.nextAt, () => isThere), []);
  }
  assert.deepEqual(pidsOf(doubts.look(doubts.nextAt, () => false)), [1]);
});

test("what has ended, or has execed, is not looked up any more", () => {
  const doubts = new Doubts();
  const [ended, counted] = [running(1), running(2)];
  for (const one of [ended, counted]) doubts.note(one, 70, 0);
  ended.state = "exited";
  counted.counted = true;
  assert.deepEqual(doubts.look(10_000, () => assert.fail("nothing is in doubt")), []);
  assert.equal(doubts.nextAt, Infinity);
});

test("many are looked up by turns, a bounded number at once", () => {
  const doubts = new Doubts();
  for (let pid = 1; pid <= 1000; pid++) doubts.note(running(pid), 70, 0);
  const looked: number[] = [];
  for (let now = 300; looked.length < 1000; now += 0.001) {
    const before = looked.length;
    doubts.look(now, ({ pid }) => looked.push(pid) > 0);
    assert.ok(looked.length - before <= 200 && looked.length > before);
  }
  assert.equal(new Set(looked).size, 1000);
});
