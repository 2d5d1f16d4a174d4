import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import type { SourceEvent } from "../../src/model/event.ts";
import { exec, exit, fork, run, scan } from "../support/events.ts";

const T = 10_000_000;
const ROOT = scan(T, 2 * T, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]);

test("processes() forgets the oldest dead beyond the limit", () => {
  const events = [...ROOT];
  for (let i = 0; i < 100; i++) {
    events.push(fork(3 * T + i * 2, 1000 + i, 1), exit(3 * T + i * 2 + 1, 1000 + i, 0));
  }
  const { machine } = run(events, { deadLimit: 10 });
  const pids = [...machine.processes()].map(({ pid }) => pid);
  assert.deepEqual(pids, [1, ...Array.from({ length: 10 }, (_, i) => 1090 + i)]);
  assert.equal(machine.get(1)?.kept, 10);
});

test("processes() keeps dead ancestors of the living whatever the limit of the dead", () => {
  const events = [...ROOT, fork(3 * T, 10, 1), fork(4 * T, 11, 10), fork(5 * T, 12, 11)];
  events.push(exit(6 * T, 10, 0), exit(7 * T, 11, 0));
  for (let i = 0; i < 50; i++) {
    events.push(fork(8 * T + i * 2, 1000 + i, 1), exit(8 * T + i * 2 + 1, 1000 + i, 0));
  }
  const { machine } = run(events, { deadLimit: 3 });
  assert.equal(machine.get(12)?.parent?.parent?.pid, 10);
  assert.equal(machine.get(10)?.state, "exited");
});

test("processes() forgets a dead ancestor with its last descendant", () => {
  const events = [...ROOT, fork(3 * T, 10, 1), fork(4 * T, 11, 10)];
  events.push(exit(5 * T, 10, 0), exit(6 * T, 11, 0));
  for (let i = 0; i < 5; i++) {
    events.push(fork(8 * T + i * 2, 1000 + i, 1), exit(8 * T + i * 2 + 1, 1000 + i, 0));
  }
  const { machine } = run(events, { deadLimit: 3 });
  assert.equal(machine.get(11), undefined);
  assert.equal(machine.get(10), undefined);
});

test("processes() bounds a chain that forks and dies for ever, and names the last parent", () => {
  const events = [...ROOT];
  for (let i = 0; i < 1000; i++) {
    events.push(fork(3 * T + i * T, 10 + i, i === 0 ? 1 : 9 + i));
    if (i > 0) events.push(exit(3 * T + i * T + 1, 9 + i, 0));
  }
  const { machine } = run(events, { deadLimit: 3, ancestorLimit: 20 });
  assert.ok([...machine.processes()].length <= 25);
  assert.equal(machine.get(1009)?.parent?.pid, 1008);
});

test("processes() finds dead ancestors whose pid was used again", () => {
  const events = [...ROOT, fork(3 * T, 10, 1), fork(4 * T, 11, 10), exit(5 * T, 10, 0)];
  const { machine } = run([...events, fork(90 * T, 10, 1)]);
  const tens = [...machine.processes()].filter(({ pid }) => pid === 10);
  assert.deepEqual(tens.map(({ state }) => state).sort(), ["exited", "running"]);
});

/** So many generations, each of which forks the next and ends. */
function* chain(generations: number): Generator<SourceEvent> {
  for (let i = 0; i < generations; i++) {
    yield fork(3 * T + i * 1000, 10 + i, i === 0 ? 1 : 9 + i);
    if (i > 0) yield exit(3 * T + i * 1000 + 500, 9 + i, 0);
  }
}

test("forgets a dead chain of 200 000 generations", () => {
  const generations = 200_000;
  const { machine } = run(
    [...ROOT, ...chain(generations), exit(900 * T, 9 + generations, 0)],
    { deadLimit: 3, ancestorLimit: 300_000 },
  );
  assert.equal([...machine.processes()].length, 1 + generations);
  const after = Array.from({ length: 4 }, (_, i) => [
    fork(901 * T + i * 2, 400_000 + i, 1),
    exit(901 * T + i * 2 + 1, 400_000 + i, 0),
  ]);
  for (const event of after.flat()) machine.step(event);
  assert.deepEqual([...machine.processes()].map(({ pid }) => pid), [1, 400_001, 400_002, 400_003]);
  assert.equal(machine.get(1)?.kept, 3);
});

/** Time that this process had on a CPU. */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

test("cuts the oldest of many ancestors without passing all that were cut before", () => {
  const ancestorLimit = 65_536;
  const { machine } = run([...ROOT, ...chain(ancestorLimit)], { deadLimit: 3, ancestorLimit });
  const events = [...chain(ancestorLimit + 200_000)].slice(2 * ancestorLimit - 1);
  const begin = cpuSeconds();
  for (const event of events) machine.step(event);
  const took = cpuSeconds() - begin;
  // Some 0.6 s; passing them all takes ten times that.
  assert.ok(took < 5, `${took} s on a CPU`);
});

test("a process that lives again is not cut as an ancestor", () => {
  const events = [...ROOT, fork(3 * T, 10, 1), fork(4 * T, 11, 10), exit(5 * T, 10, 0)];
  events.push(exec(6 * T, 10, "/bin/again"), fork(7 * T, 12, 11), exit(8 * T, 11, 0));
  const { machine } = run(events, { deadLimit: 3, ancestorLimit: 1 });
  assert.equal(machine.get(10)?.state, "running");
});
