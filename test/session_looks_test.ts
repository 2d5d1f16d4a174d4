/** What a session looks up in /proc: processes of which no count says that they have ended. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { SourceEvent } from "../src/model/event.ts";
import { type BatchOptions, type BatchSession, openBatches } from "./support/batches.ts";
import { clone, exit, fork, scan } from "./support/events.ts";
import { type FakeProcess, fakeProcfs } from "./support/fake_procfs.ts";

/** A clock tick of /proc, in nanoseconds. */
const TICK = 10_000_000;
const MS = 1_000_000;
/** No kernel gives such a pid: who asks for it by a signal finds nobody. */
const PID = 5_000_000;

/** A first scan, and a process of three threads whose leader ends, with status 3. */
const LEADERLESS: readonly SourceEvent[] = [
  ...scan(TICK, 2 * TICK, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]),
  fork(10 * TICK, PID, 1),
  clone(10 * TICK + 1, PID, PID + 1, 1),
  clone(10 * TICK + 1, PID, PID + 2, 1),
  exit(10 * TICK + 2, PID, 0x300),
];
const THERE: FakeProcess = { pid: PID, ppid: 1, comm: "x", start: 10, state: "Z", threads: 2 };

/** Runs `act` with a session of {@linkcode LEADERLESS}, whose /proc shows `processes`. */
async function withSession(
  processes: readonly FakeProcess[],
  act: (held: BatchSession) => void | Promise<void>,
  options: BatchOptions = {},
): Promise<void> {
  const { root, remove } = fakeProcfs(processes);
  try {
    const held = await openBatches({ procRoot: root, ...options });
    held.session.begin();
    held.give(...LEADERLESS);
    held.told.length = 0;
    await act(held);
    await held.session.close();
  } finally {
    remove();
  }
}

test("who has lost its leader and is found gone twice has ended, when its leader did", async () => {
  let batches = 0;
  await withSession([], ({ clock, session, told }) => {
    assert.equal(session.machine.get(PID)?.state, "leaderless");
    clock.pass(599);
    assert.deepEqual(told, [], "once is not enough");
    const before = batches;
    clock.pass(1);
    assert.deepEqual(told, [`exit ${PID} ${10 * TICK + 2 + 600 * MS}`]);
    const { end, status } = session.machine.get(PID)!;
    assert.deepEqual([end, status], [10 * TICK + 2, 0x300]);
    assert.equal(batches, before + 1, "whoever gathers changes is told that these are all");
    clock.pass(60_000);
    assert.equal(clock.waiting, 0, "nobody is in doubt any more");
  }, { onBatch: () => void batches++ });
});

test("who is there with the same start is looked up again and again, and lives", async () => {
  for (const start of [9, 10, 11]) {
    await withSession([{ ...THERE, start }], ({ clock, session, told }) => {
      clock.pass(120_000);
      assert.deepEqual([told, session.machine.get(PID)?.state], [[], "leaderless"]);
      assert.equal(clock.waiting, 1);
    });
  }
});

test("another start with its pid, and a zombie of one thread, are not that process", async () => {
  for (const other of [{ start: 12 }, { start: 8 }, { threads: 1 }]) {
    await withSession([{ ...THERE, ...other }], ({ clock, told }) => {
      clock.pass(600);
      assert.equal(told.length, 1, JSON.stringify(other));
    });
  }
});

test("nobody is looked up while events wait: their ends may be among them", async () => {
  let isReady = true;
  let ready!: () => void;
  const whenReady = () => isReady ? null : new Promise<void>((resolve) => ready = resolve);
  await withSession([], async ({ clock, give, told }) => {
    isReady = false;
    give(exit(11 * TICK - 1, PID, 0x300, PID + 2), exit(11 * TICK, PID, 0x300, PID + 1));
    clock.pass(5000);
    assert.deepEqual(told, []);
    isReady = true;
    ready();
    await Promise.resolve();
    await Promise.resolve();
    clock.pass(5000);
    assert.deepEqual(told, [`exit ${PID} ${11 * TICK}`], "as the source tells it");
  }, { whenReady });
});

test("at the end those who are gone are told, without a wait", async () => {
  await withSession([], async ({ session, clock, told }) => {
    await session.close();
    assert.deepEqual(told, [`exit ${PID} ${10 * TICK + 2}`]);
    clock.pass(1);
  });
});

test("looks are 50 ms apart, however many are in doubt", async () => {
  await withSession([THERE], ({ clock, give, told }) => {
    clock.pass(10);
    const other = PID + 10;
    give(fork(20 * TICK, other, 1), clone(20 * TICK + 1, other, other + 1, 1));
    give(exit(20 * TICK + 2, other, 0));
    told.length = 0;
    // The first is looked at after 300 and 600 ms, the other after 350 instead of 310.
    clock.pass(639);
    assert.deepEqual(told, []);
    clock.pass(1);
    assert.deepEqual(told, [`exit ${other} ${20 * TICK + 2 + 640 * MS}`]);
  });
});

test("what is replayed is not looked up", async () => {
  await withSession([], async ({ clock, session, told }) => {
    clock.pass(60_000);
    await session.close();
    assert.deepEqual([told, clock.waiting], [[], 0]);
  }, { source: "replay" });
});

test("a source that has ended is asked no more", async () => {
  const ends: (Error | null)[] = [];
  await withSession([], ({ clock, handlers, told }) => {
    const error = new Error("gone");
    handlers.onEnd(error);
    clock.pass(60_000);
    assert.deepEqual([ends, told], [[error], []]);
  }, { onEnd: (error) => void ends.push(error) });
});
