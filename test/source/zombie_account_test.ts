import assert from "node:assert/strict";
import { test } from "node:test";
import { zombieFigures } from "../../src/source/zombie_account.ts";

const MS = 1_000_000;
const storage = { readBytes: 1, writeBytes: 2 };
const switches = { voluntarySwitches: 3, involuntarySwitches: 4 };
const figuresOf = (utime: number, stime: number, leaderNs: number) =>
  zombieFigures({ utime, stime, minflt: 5, majflt: 6 }, leaderNs, storage, switches);

test("the first thread's time is exact, and within two ticks of what the process has used", () => {
  assert.deepEqual(figuresOf(3, 1, 57 * MS), {
    cpuNs: 57 * MS,
    userUs: 30_000,
    systemUs: 10_000,
    minorFaults: 5,
    majorFaults: 6,
    peakKib: 0,
    readBytes: 1,
    writeBytes: 2,
    voluntarySwitches: 3,
    involuntarySwitches: 4,
  });
  assert.equal(figuresOf(0, 0, 700_000).cpuNs, 700_000);
});

test("where there were other threads, the ticks of all are more", () => {
  assert.equal(figuresOf(7, 2, 40 * MS).cpuNs, 90 * MS);
});
