/** Which of the known processes are due for a look. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_IMAGE } from "../../../src/model/image.ts";
import { type Known, KnownProcesses, UNSEEN } from "../../../src/source/poll/known.ts";

function known(pid: number, kernel = false): Known {
  return {
    ...UNSEEN,
    pid,
    startTicks: 1,
    fd: -1,
    ppid: 1,
    kernel,
    image: NO_IMAGE,
    halfSeen: null,
    foundAt: 0,
    counted: true,
    checkAt: 0,
    endedAt: null,
    told: false,
    io: -1,
    accounted: false,
  };
}

function visits(all: KnownProcesses, calls: number, most: number): number[][] {
  return Array.from({ length: calls }, () => {
    const pids: number[] = [];
    all.visitRound(most, ({ pid }) => pids.push(pid));
    return pids;
  });
}

test("a round visits each old process once, but no thread of the kernel", () => {
  const all = new KnownProcesses();
  for (let pid = 1; pid <= 40; pid++) all.add(known(pid, pid <= 20), false);
  const calls = visits(all, 4, 25);
  assert.deepEqual(calls.map((pids) => pids.length), [5, 5, 5, 5]);
  const pids = calls.flat().sort((a, b) => a - b);
  assert.deepEqual(pids, Array.from({ length: 20 }, (_, index) => index + 21));
});

test("a round of many visits no more at a time than it may", () => {
  const all = new KnownProcesses();
  for (let pid = 1; pid <= 1000; pid++) all.add(known(pid), false);
  const calls = visits(all, 41, 25);
  assert.ok(calls.every((pids) => pids.length === 25));
  assert.equal(new Set(calls.slice(0, 40).flat()).size, 1000);
});

test("a round leaves out what has ended, and the next has what came", () => {
  const all = new KnownProcesses();
  const [one, two, three] = [known(1), known(2), known(3)];
  for (const process of [one, two, three]) all.add(process, false);
  assert.deepEqual(visits(all, 1, 25), [[3]]);
  two.endedAt = 5;
  all.remove(one);
  all.add(known(4), false);
  assert.deepEqual(visits(all, 4, 25), [[], [], [4], [3]]);
});
