import assert from "node:assert/strict";
import { test } from "node:test";
import { Job } from "../../src/jobs/run_job.ts";
import { Account, decodeFigures, encodeFigures } from "../../src/model/account.ts";
import type { SourceEvent } from "../../src/model/event.ts";
import { Machine } from "../../src/model/machine.ts";
import {
  account as accountEvent,
  clone,
  exec,
  exit,
  exitOfAll,
  figures,
  fork,
  gap,
} from "../support/events.ts";

const MS = 1_000_000;

/** A task has exited that has cost so much. */
function account(time: number, pid: number, cpuMs: number, last = true): SourceEvent {
  return accountEvent(time, pid, { cpuNs: cpuMs * MS, minorFaults: cpuMs }, last);
}

/** A job of 10 whose machine was told events. */
function told(events: readonly SourceEvent[], reaper: number | null = null): Job {
  const job = new Job(10, reaper);
  const machine = new Machine({
    onChange: (change) => void job.note(change),
    onAccount: (process, one, last) => job.noteAccount(process, one, last),
  });
  for (const event of events) machine.step(event);
  return job;
}

test("children join by birth, grandchildren too, strangers do not", () => {
  const job = told([
    fork(1 * MS, 10, 1),
    fork(2 * MS, 11, 10),
    fork(3 * MS, 12, 11),
    fork(4 * MS, 20, 1),
    exitOfAll(5 * MS, 11, 0),
    fork(6 * MS, 13, 12),
    exitOfAll(7 * MS, 20, 0),
  ]);
  assert.deepEqual([job.started, job.ended, job.living.size], [4, 1, 3]);
});

test("another process that has the pid of the first one later is a stranger", () => {
  const job = told([
    fork(1 * MS, 10, 1),
    exitOfAll(2 * MS, 10, 0),
    fork(900 * MS, 10, 1),
    fork(901 * MS, 11, 10),
  ]);
  assert.deepEqual([job.started, job.ended], [1, 1]);
});

test("orphans that are seen only below the reaper belong to it", () => {
  const events = [fork(1 * MS, 10, 5), fork(2 * MS, 30, 5), fork(3 * MS, 31, 6)];
  assert.equal(told(events, 5).started, 2);
  assert.equal(told(events).started, 1);
});

test("accounts are summed by process and name, whether they come before the exit or after", () => {
  const job = told([
    fork(1 * MS, 10, 1),
    exec(1 * MS, 10, "/bin/make"),
    fork(2 * MS, 11, 10),
    exec(2 * MS, 11, "/bin/cc"),
    clone(3 * MS, 11, 12, 10),
    account(4 * MS, 11, 5, false),
    exit(4 * MS, 11, 0, 12),
    account(5 * MS, 11, 7),
    exit(5 * MS, 11, 256),
    exit(9 * MS, 10, 0),
    account(9.5 * MS, 10, 1),
  ]);
  assert.deepEqual([job.ended, job.accounted, job.failed], [2, 2, 1]);
  assert.equal(job.account.cpuNs, 13 * MS);
  assert.equal(job.account.minorFaults, 13);
  const rows = job.commands().map(({ name, count, failed, accounted, account }) =>
    [name, count, failed, accounted, account.cpuNs / MS].join(" ")
  );
  assert.deepEqual(rows, ["cc 1 1 1 12", "make 1 0 1 1"]);
});

test("who could not be accounted is counted as such, not as zero", () => {
  const job = told([
    fork(1 * MS, 10, 1),
    fork(2 * MS, 11, 10),
    exit(3 * MS, 11, 0),
    account(4 * MS, 10, 3),
    exit(4 * MS, 10, 0),
    gap(5 * MS, 7),
  ]);
  assert.deepEqual([job.ended, job.accounted, job.lost], [2, 1, 7]);
});

test("the critical path is what the end waited for", () => {
  const job = told([
    fork(0, 10, 1),
    fork(1 * MS, 11, 10),
    fork(1 * MS, 12, 10),
    exit(4 * MS, 11, 0),
    exit(6 * MS, 12, 0),
    fork(7 * MS, 13, 10),
    fork(8 * MS, 14, 13),
    exit(9 * MS, 14, 0),
    exit(10 * MS, 13, 0),
    exit(11 * MS, 10, 0),
  ]);
  const steps = job.criticalPath().map(({ pid, from, to, depth }) =>
    [pid, from / MS, to / MS, depth].join(" ")
  );
  assert.deepEqual(steps, [
    "10 0 1 0",
    "12 1 6 1",
    "10 6 7 0",
    "13 7 8 1",
    "14 8 9 2",
    "13 9 10 1",
    "10 10 11 0",
  ]);
  const whole = job.criticalPath().reduce((sum, { from, to }) => sum + to - from, 0);
  assert.equal(whole, 11 * MS, "every moment is somebody's");
});

test("the cause of a failure is the deepest that was passed on, not what failed beside it", () => {
  const FAIL = 0x100;
  // make: a test that fails is nothing (sh goes on), cc fails in a shell of its own.
  const job = told([
    fork(0, 10, 1),
    fork(1 * MS, 11, 10),
    fork(2 * MS, 12, 11),
    exit(3 * MS, 12, FAIL),
    exit(4 * MS, 11, 0),
    fork(5 * MS, 13, 10),
    fork(6 * MS, 14, 13),
    fork(7 * MS, 15, 13),
    exit(8 * MS, 15, FAIL),
    exit(9 * MS, 14, 0x8b),
    fork(10 * MS, 16, 13),
    exit(11 * MS, 16, 0x300),
    exit(12 * MS, 13, 0x8b00),
    exit(13 * MS, 10, 0x200),
  ]);
  assert.equal(job.cause?.pid, 14, "a shell exits with 139 where a signal has ended its child");
  assert.equal(told([fork(0, 10, 1), exit(1, 10, FAIL)]).cause?.pid, 10);
  const fine = told([fork(0, 10, 1), fork(1, 11, 10), exit(2, 11, FAIL), exit(3, 10, 0)]);
  assert.equal(fine.cause, null);
  const many = [fork(0, 10, 1)];
  for (let i = 1; i <= 150; i++) {
    many.push(fork(i * MS, 10 + i, 10), exit(i * MS + 1, 10 + i, FAIL));
  }
  const { failures, cause } = told([...many, exit(200 * MS, 10, FAIL)]);
  assert.deepEqual([failures.length, failures.at(-1)?.pid, cause?.pid], [100, 10, 160]);
});

test("of what failed while nothing more was started, the first broke it", () => {
  const FAIL = 0x100;
  const twoAtOnce = [
    fork(0, 10, 1),
    fork(1 * MS, 11, 10),
    fork(2 * MS, 12, 10),
    exec(2 * MS, 11, "/bin/cc"),
    fork(3 * MS, 13, 11),
    exit(4 * MS, 13, 0x300),
    exit(5 * MS, 11, FAIL),
    exit(6 * MS, 12, FAIL),
  ];
  const lineOf = ({ cause, causePassedBy }: Job) => [
    cause?.pid,
    ...causePassedBy.map(({ comm }) => comm),
  ];
  const make = exec(0, 10, "/bin/make");
  // make -j2: both failed, one because of 13.
  const gaveUp = told([twoAtOnce[0]!, make, ...twoAtOnce.slice(1), exit(7 * MS, 10, 0x200)]);
  assert.deepEqual(lineOf(gaveUp), [13, "cc", "make"]);
  // make -k went on: the last is as good as any.
  const wentOn = told([
    ...twoAtOnce,
    fork(7 * MS, 14, 10),
    exit(8 * MS, 14, 0x400),
    exit(9 * MS, 10, 0x200),
  ]);
  assert.equal(wentOn.cause?.pid, 14);
  // A shell that went on passes on what failed last with its code.
  const shell = told([
    ...twoAtOnce,
    fork(7 * MS, 14, 10),
    exit(8 * MS, 14, FAIL),
    exit(9 * MS, 10, FAIL),
  ]);
  assert.equal(shell.cause?.pid, 14);
});

test("who passed a failure on is remembered 16 up", () => {
  const events: SourceEvent[] = [];
  for (let i = 0; i < 40; i++) events.push(fork(i * MS, 10 + i, i === 0 ? 1 : 9 + i));
  for (let i = 39; i >= 0; i--) events.push(exit((90 - i) * MS, 10 + i, 0x100));
  const { cause, causePassedBy } = told(events);
  assert.deepEqual([cause?.pid, causePassedBy.length], [49, 16]);
});

test("a chain of 100 000 generations has its critical path, and bounded tables", () => {
  const events: SourceEvent[] = [fork(0, 10, 1)];
  for (let i = 1; i < 100_000; i++) {
    events.push(fork(i * 1000, 10 + i, 9 + i), exit(i * 1000 + 500, 9 + i, 256));
  }
  const job = told(events);
  assert.deepEqual([job.started, job.failed, job.failures.length], [100_000, 99_999, 100]);
  assert.equal(job.slowest.length, 20);
  assert.ok(job.criticalPath().length > 0);
});

test("command lines of the path are bounded: those that lived longest have theirs", () => {
  const events: SourceEvent[] = [fork(0, 10, 1)];
  const [count, text] = [10_000, "x".repeat(3000)];
  for (let i = 1, at = 1; i <= count; i++) {
    const pid = 10 + i;
    events.push(fork(at, pid, 10), exec(at, pid, `/bin/tool${i % 7}`, text, String(i)));
    at += i % 500 === 1 ? MS : 1000;
    events.push(exit(at, pid, 0));
  }
  const steps = told(events).criticalPath().filter(({ pid }) => pid > 10);
  assert.equal(steps.length, count);
  const images = new Set(steps.map(({ image }) => image));
  const bytes = [...images].reduce((sum, { parts }) => sum + (parts.argv?.length ?? 0), 0);
  assert.ok(bytes < 16 << 20, `${bytes} bytes of command lines`);
  const longest = steps.filter(({ from, to }) => to - from === MS);
  assert.equal(longest.length, count / 500);
  for (const { pid, image } of longest) assert.equal(image.argv?.[2], String(pid - 10));
  for (const { pid, image } of steps) assert.equal(image.comm, `tool${(pid - 10) % 7}`);
});

test("who execs after what looked like the end is known by what it ran last", () => {
  const job = told([
    fork(0, 10, 1),
    exec(1 * MS, 10, "/bin/first"),
    exit(2 * MS, 10, 0),
    exec(3 * MS, 10, "/bin/second"),
  ]);
  assert.deepEqual(job.criticalPath().map(({ image }) => image.comm), ["second"]);
});

test("names beyond a number are summed up together", () => {
  const events: SourceEvent[] = [fork(0, 10, 1)];
  for (let i = 1; i <= 10_500; i++) {
    events.push(fork(i, 10 + i, 10), exec(i, 10 + i, `/bin/t${i}`), exit(i, 10 + i, 256));
  }
  const job = told(events);
  const commands = job.commands();
  assert.equal(commands.length, 10_001);
  const others = commands.find(({ name }) => name === "(others)");
  assert.deepEqual([others?.count, others?.failed], [500, 500]);
});

test("the exact time is divided as it was sampled", () => {
  const cases: [number, number, number][] = [[0, 0, 100], [3, 1, 75], [0, 5, 0], [7, 0, 100]];
  for (const [userUs, systemUs, userNs] of cases) {
    const account = new Account();
    account.addTask(figures({ cpuNs: 100, userUs, systemUs }));
    assert.deepEqual([account.userNs, account.systemNs], [userNs, 100 - userNs]);
  }
});

test("figures come back from their bytes, wherever these lie", () => {
  const one = figures({ cpuNs: 2 ** 52, peakKib: 7, writeBytes: 2 ** 40 });
  const bytes = encodeFigures(one);
  const shifted = new Uint8Array(bytes.length + 4);
  shifted.set(bytes, 4);
  assert.deepEqual(decodeFigures(shifted, 4), one);
});
