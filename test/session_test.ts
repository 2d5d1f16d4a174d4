import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers";
import { GAP_REASON, type SourceEvent } from "../src/model/event.ts";
import type { Change } from "../src/model/machine.ts";
import { type BatchSession, EPOCH, openBatches } from "./support/batches.ts";
import { exec, fork, gap } from "./support/events.ts";

/** So many forks, of pids from `first` on, one each nanosecond. */
function forks(count: number, first = 100): SourceEvent[] {
  return Array.from({ length: count }, (_, n) => fork(1000 + first + n, first + n, 1));
}

/** Turns of the event loop until something is so. */
async function turnsUntil(isSo: () => boolean): Promise<number> {
  for (let turns = 0;; turns++) {
    if (isSo()) return turns;
    assert.ok(turns < 10_000);
    await new Promise((resolve) => setImmediate(() => resolve(null)));
  }
}

/** A listener that is ready when a test says so. */
class Gate {
  asked = 0;
  isOpen = false;
  #open!: () => void;
  #opened = new Promise<void>((resolve) => this.#open = resolve);

  readonly whenReady = (): Promise<void> | null => {
    this.asked++;
    return this.isOpen ? null : this.#opened;
  };

  open(): void {
    this.isOpen = true;
    this.#open();
  }

  /** Ready for what is asked now, and no more. */
  openOnce(): void {
    this.#open();
    this.#opened = new Promise<void>((resolve) => this.#open = resolve);
  }
}

test("after so many events, or bytes of their texts, the listener is asked for more", async () => {
  const pieces: number[] = [];
  const { session, give, told } = await openBatches({
    onBatch: () => void pieces.push(told.splice(0).length),
  });
  session.begin();
  give(...forks(10_000));
  await turnsUntil(() => pieces.length === 3);
  assert.deepEqual(pieces.splice(0), [4096, 4096, 1808]);
  const long = "x".repeat(60_000);
  give(...Array.from({ length: 7 }, (_, n) => exec(20_000 + n, 100 + n, "/bin/true", long)));
  await turnsUntil(() => pieces.length === 3);
  assert.deepEqual(pieces.splice(0), [3, 3, 1]);
  await session.close();
});

test("batches that come at once leave others their turn, and an end waits for all", async () => {
  const held: BatchSession = await openBatches({ onBatch: () => held.clock.pass(10) });
  const { session, give, told } = held;
  session.begin();
  const tell = (first: number) => {
    for (const event of forks(12, first)) give(event);
  };
  tell(100);
  assert.equal(told.length, 2, "20 ms are a turn");
  assert.ok(await turnsUntil(() => told.length === 12) >= 3);
  tell(200);
  await session.close();
  assert.equal(told.length, 24);
});

test("nothing is told before begin(), and all of it then, in order", async () => {
  const { session, give, told } = await openBatches();
  give(...forks(2));
  give(...forks(2, 200));
  assert.equal(told.length, 0);
  session.begin();
  assert.deepEqual(told.map((line) => line.split(" ")[1]), ["100", "101", "200", "201"]);
  await session.close();
});

test("a listener that is not ready is told nothing, and is asked before each piece", async () => {
  const gate = new Gate();
  const { session, give, told } = await openBatches({ whenReady: gate.whenReady });
  session.begin();
  give(...forks(5000));
  give(...forks(1, 9000));
  await turnsUntil(() => true);
  assert.deepEqual([told.length, gate.asked], [0, 1], "it is asked once, whatever comes");
  gate.openOnce();
  await turnsUntil(() => gate.asked === 2);
  assert.equal(told.length, 0, "it is asked again when it was ready");
  gate.open();
  await turnsUntil(() => told.length === 5001);
  assert.equal(gate.asked, 5, "for each of three pieces");
  await session.close();
});

test("what is held grows to 32 MiB, and then is told to a listener that is not ready", async () => {
  const gate = new Gate();
  const { session, give, told } = await openBatches({ whenReady: gate.whenReady });
  session.begin();
  const megabyte = "x".repeat(1 << 20);
  for (let n = 0; n < 31; n++) give(exec(1000 + n, 100 + n, "/bin/true", megabyte));
  assert.equal(told.length, 0);
  give(exec(2000, 200, "/bin/true", megabyte));
  assert.equal(told.length, 1, "the first of all: the rest is within the limit");
  give(exec(2001, 201, "/bin/true"));
  assert.equal(told.length, 1);
  gate.open();
  await session.close();
  assert.equal(told.length, 33);
});

test("an end waits three seconds for a slow listener, who is told all by then", async () => {
  const gate = new Gate();
  const { session, give, clock, told } = await openBatches({ whenReady: gate.whenReady });
  session.begin();
  give(...forks(5000));
  const over = session.close();
  clock.pass(3000);
  gate.open();
  await over;
  assert.equal(told.length, 5000);
  assert.deepEqual(session.tally, { events: 5000, lost: 0 });
});

test("what a slow listener has left at the end is a gap, from its first event", async () => {
  const gate = new Gate();
  const gaps: Pick<Change, "a" | "b" | "since" | "time">[] = [];
  const held: BatchSession = await openBatches({
    whenReady: gate.whenReady,
    // The first piece takes too long.
    onBatch: () => held.clock.pass(4000),
    onChange({ process, a, b, since, time }) {
      if (process === null) gaps.push({ a, b, since, time });
    },
  });
  const { session, give } = held;
  session.begin();
  give(...forks(5000));
  give(...forks(3, 9000));
  const over = session.close();
  gate.open();
  await over;
  const { reader } = GAP_REASON;
  assert.deepEqual(gaps, [
    { a: 904, b: reader, since: 1000 + 100 + 4096, time: 1000 + 100 + 4999 },
    { a: 3, b: reader, since: 10_000, time: 10_002 },
  ]);
  assert.deepEqual(session.tally, { events: 4096, lost: 907 });
});

test("told, now, elapsedNs and tally are of what was told so far", async () => {
  const { session, give, clock } = await openBatches({ until: 7e9 });
  const ms = 1e6;
  clock.pass(5);
  assert.deepEqual([session.told, session.now, session.elapsedNs], [0, 5 * ms, 5 * ms]);
  give(fork(2 * ms, 100, 1), gap(3 * ms, 7));
  assert.equal(session.told, 0, "it is held");
  session.begin();
  clock.pass(2);
  assert.equal(session.now, 5 * ms, "reckoned from the last event");
  assert.equal(session.elapsedNs, 7 * ms);
  assert.deepEqual(session.tally, { events: 1, lost: 7 });
  assert.deepEqual(session.epoch, EPOCH);
  await session.close();
  assert.equal(session.told, 7e9, "as far as the source says");
});

test("what came while it was closed counts as told, too", async () => {
  const { session, give } = await openBatches({ until: 2e6 });
  session.begin();
  // The source had it in hand when it was asked to end.
  give(fork(3e6, 100, 1));
  await session.close();
  assert.equal(session.told, 3e6);
});

test("command lines that were cut are noted at once, and then once a minute", async () => {
  const notes: string[] = [];
  const { session, give, clock } = await openBatches({
    onNote: (text) => notes.push(text),
    imageLimits: { total: 1000, reserve: 0 },
  });
  session.begin();
  const cut = (pid: number) => give(exec(1000 + pid, pid, "/bin/true", "x".repeat(2000)));
  cut(1);
  assert.deepEqual(notes.splice(0), [
    "cut short the command lines of a program: their users have used up their share",
  ]);
  cut(2);
  clock.pass(59_999);
  cut(3);
  assert.deepEqual(notes, []);
  clock.pass(1);
  cut(4);
  assert.match(String(notes), /^cut short the command lines of 3 programs: /);
  await session.close();
});
