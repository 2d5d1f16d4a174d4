import assert from "node:assert/strict";
import { test } from "node:test";
import type { SourceEvent } from "../../src/model/event.ts";
import { Machine } from "../../src/model/machine.ts";
import { Process } from "../../src/model/process.ts";
import { isBelow, Lineage, PastLineage } from "../../src/model/lineage.ts";
import { exec, exit, fork, scan } from "../support/events.ts";

const T = 10_000_000;
const AT = 200 * T;

/** The changes of members: kind and pid; every change is asked for. */
function members(pids: readonly number[], events: readonly SourceEvent[]): string[] {
  const lineage = new Lineage(pids);
  const seen: string[] = [];
  const machine = new Machine({
    onChange({ kind, process }) {
      if (process !== null && lineage.has(process)) seen.push(`${kind} ${process.pid}`);
    },
  });
  for (const event of events) machine.step(event);
  return seen;
}

test("descendants stay members when those between them and the root have died", () => {
  const events = [
    ...scan(AT - 2, AT - 1, [{ pid: 50, ppid: 1, start: 10 * T, argv: ["sh"] }]),
    fork(AT, 60, 50),
    fork(AT + 1, 61, 60),
    exit(AT + 2, 60, 0),
    fork(AT + 3, 62, 61),
    exit(AT + 4, 50, 0),
    exit(AT + 5, 61, 0),
    exec(AT + 6, 62, "a"),
  ];
  assert.equal(members([50], events).length, 8);
});

test("another process with the pid of the root is no member, nor are its children", () => {
  const events = [
    fork(AT, 60, 50),
    fork(AT + 1, 61, 60),
    exit(AT + 2, 60, 0),
    fork(AT + 5 * T, 60, 50),
    fork(AT + 6 * T, 62, 60),
    exec(AT + 7 * T, 61, "a"),
  ];
  assert.deepEqual(members([60], events), ["fork 60", "fork 61", "exit 60", "exec 61"]);
});

test("a pid that does not exist yet is met when it appears", () => {
  const events = [exec(AT, 50, "a"), fork(AT + 1, 60, 50), fork(AT + 2, 61, 60)];
  assert.deepEqual(members([60], events), ["fork 60", "fork 61"]);
});

test("a child listed before its parent becomes a member when the parent is known", () => {
  const events = [
    ...scan(AT, AT + 1, [
      { pid: 20, ppid: 60, start: 50 * T, argv: ["child"] },
      { pid: 60, ppid: 1, start: 40 * T, argv: ["parent"] },
    ]),
    fork(AT + 2, 21, 20),
  ];
  assert.deepEqual(members([60], events), ["snapshot 60", "fork 21"]);
});

test("a process known to be no member becomes one when its fork is told late", () => {
  const parent = new Process(60, 1, 0);
  const child = new Process(61, 2, 0);
  const grandchild = new Process(62, 3, 0);
  grandchild.parent = child;
  const lineage = new Lineage([60]);
  assert.ok(!lineage.has(grandchild) && !lineage.has(child));
  child.parent = parent;
  assert.ok(lineage.has(grandchild) && lineage.has(child) && lineage.has(parent));
});

test("a member stays one when its ancestors are forgotten", () => {
  const parent = new Process(60, 1, 0);
  const child = new Process(61, 2, 0);
  child.parent = parent;
  const lineage = new Lineage([60]);
  assert.ok(lineage.has(child));
  child.parent = null;
  assert.ok(lineage.has(child));
});

test("an answer costs the same however long the line of ancestors is", () => {
  const lineage = new Lineage([1_000_000]);
  let steps = 0;
  let last: Process | null = null;
  for (let i = 0; i < 20_000; i++) {
    const process: Process = new Process(i + 1, i, 0);
    const parent = last;
    Object.defineProperty(process, "parent", {
      get: () => {
        steps++;
        return parent;
      },
    });
    assert.ok(!lineage.has(process));
    last = process;
  }
  assert.ok(steps < 20_000 * 5, `${steps} steps`);
});

test("descent is found in a chain of 200 000 generations, each asked once", () => {
  const chain = [new Process(1, 0, 0)];
  for (let i = 1; i < 200_000; i++) {
    const process = new Process(1 + i, i, 0);
    process.parent = chain.at(-1)!;
    chain.push(process);
  }
  const answers = new Map<Process, boolean>([[chain[100_000]!, true]]);
  const below = chain.filter((process) => isBelow(process, answers));
  assert.equal(below.length, 100_000);
  for (const lineage of [new Lineage([100_001]), new PastLineage([100_001])]) {
    assert.equal(chain.toReversed().filter((process) => lineage.has(process)).length, 100_000);
  }
});
