/** A full disk stops no recorder: it says so, goes on, and tells what it had to drop. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Sleepers, startSleepers } from "../bench/support/load.ts";
import type { Task } from "../bench/support/truth.ts";
import { hostForks, memory } from "../bench/support/system.ts";
import { runFh } from "../support/executable.ts";
import { LastingLoad, runLoad } from "../support/lasting_load.ts";
import { fillUp, Mounted, mountsMissing } from "../support/mounts.ts";
import { connectorMissing } from "../support/observe.ts";
import { programsMissing } from "../support/programs.ts";
import {
  compareRows,
  compareWithProc,
  integrityOf,
  readGaps,
  readRows,
  readRuns,
  startRecorder,
  suspendedNs,
} from "../support/recorded.ts";
import type { Running } from "../support/running.ts";
import { unless } from "../support/unless.ts";

const DISK_BYTES = 64 << 20;
const MEMORY_MAX = 200e6;
const SLEEPERS = 20;
/** More than may wait for room. */
const MANY = 130_000;
/** So many a second a busy host takes, too: no other loss is to be told than that. */
const PACE = 12_000;
const WAITING_MAX = 100_000;

const missing = programsMissing ?? mountsMissing ?? connectorMissing;

/** Processes that live until the end of the test, if they are not ended before. */
async function sleep(): Promise<Sleepers & AsyncDisposable> {
  const sleepers = await startSleepers(SLEEPERS);
  return { ...sleepers, [Symbol.asyncDispose]: sleepers.end };
}

/** How often a recorder has said something. */
function times(fh: Running, words: string): number {
  return fh.stderr.split(words).length - 1;
}

/** The metrics of a recorder. */
async function scrape(fh: Running): Promise<string> {
  const [, url] = /^fh: metrics at (\S+)$/m.exec(fh.stderr)!;
  return await (await fetch(url!)).text();
}

function countLives(db: string): number {
  using file = new DatabaseSync(db, { readOnly: true });
  return Number(file.prepare("SELECT count(*) AS lives FROM life").get()!["lives"]);
}

const FULL = "fh: cannot write to ";
const AGAIN = " again\n";

/** Runs `during` while the disk is full and known to be so. */
async function whileFull<T>(fh: Running, folder: string, during: () => Promise<T>): Promise<T> {
  const [full, again] = [times(fh, FULL), times(fh, AGAIN)];
  const makeRoom = fillUp(folder);
  await using load = LastingLoad.start("fork,count=20,rate=100");
  await fh.until("word of the full disk", () => times(fh, FULL) > full);
  await load.stop();
  const result = await during();
  assert.equal(times(fh, AGAIN), again);
  assert.match(fh.stderr, /: database or disk is full; trying again /);
  makeRoom();
  await fh.until("word of room", () => times(fh, AGAIN) > again);
  return result;
}

test(...unless(missing, "a short while without room on the disk costs nothing"), async () => {
  using disk = Mounted.tmpfs(DISK_BYTES);
  const db = join(disk.folder, "history.db");
  await using _before = await sleep();
  await using ended = await sleep();
  await using fh = await startRecorder(db);
  await using load = LastingLoad.start(
    "vfork,count=300,rate=600",
    "spawn,count=100,rate=400,life=1000",
  );
  await delay(700);
  await using _later = await whileFull(fh, disk.folder, async () => {
    const sleepers = await sleep();
    await ended.end();
    await delay(1500);
    return sleepers;
  });
  const tasks = await load.stop();
  assert.deepEqual(await compareWithProc(db), []);
  const { peak } = memory(fh.pid);
  const { status, stderr } = await fh.end("SIGTERM");
  assert.equal(status, 0, stderr);
  assert.ok(peak < MEMORY_MAX, `${peak} bytes`);
  const file = new DatabaseSync(db, { readOnly: true });
  assert.deepEqual(readGaps(file), []);
  assert.ok(tasks.length > 1000);
  assert.deepEqual(compareRows(readRows(file), tasks), { missing: [], wrong: [] });
  assert.equal(integrityOf(file), "ok");
  file.close();
});

test(
  ...unless(missing, "what does not fit into memory while the disk is full is told as a gap"),
  async () => {
    using disk = Mounted.tmpfs(DISK_BYTES);
    const db = join(disk.folder, "history.db");
    await using _before = await sleep();
    await using ended = await sleep();
    await using fh = await startRecorder(db, ["--metrics", "0"]);
    // Else all that runs on this host would be among what waits for room.
    await fh.until("what runs, in the file", () => countLives(db) > 0);
    const forks = hostForks();
    let tasks: readonly Task[] = [];
    await using _later = await whileFull(fh, disk.folder, async () => {
      const sleepers = await sleep();
      await ended.end();
      tasks = await runLoad([`vfork,count=${MANY},pace=${PACE}`]);
      const full = await scrape(fh);
      assert.match(full, /^fh_history_writable 0$/m);
      assert.match(full, /^fh_history_lag_seconds (?:[5-9]|\d{2,})/m);
      return sleepers;
    });
    const others = hostForks() - forks - tasks.length;
    // A second time, in which nothing has to be dropped.
    const more = await whileFull(fh, disk.folder, () => runLoad(["fork,count=200,rate=200"]));
    assert.deepEqual(await compareWithProc(db), []);
    const { peak } = memory(fh.pid);
    const after = await scrape(fh);
    const { status, stderr } = await fh.end("SIGTERM");
    assert.equal(status, 0, stderr);
    assert.ok(peak < MEMORY_MAX, `${peak} bytes`);
    const file = new DatabaseSync(db, { readOnly: true });
    const told = compareRows(readRows(file), tasks);
    assert.deepEqual(told.wrong, []);
    const gaps = readGaps(file);
    assert.deepEqual(gaps.map(({ reason }) => reason), ["disk full"]);
    assert.match(after, /^fh_history_writable 1$/m);
    assert.match(
      after,
      new RegExp(`^fh_lost_events_total{reason="disk full"} ${gaps[0]!.lost}$`, "m"),
    );
    // Lives of which there is no row; those of others on the host may be among them.
    const lost = gaps[0]!.lost! - told.missing.length;
    assert.ok(lost >= 0 && lost <= others, `${gaps[0]!.lost} told, ${told.missing.length} missing`);
    // Each time that all places are taken, all that waits is dropped: others' lives take some.
    const drops = Math.floor((MANY + others) / WAITING_MAX);
    assert.ok(told.missing.length <= drops * WAITING_MAX);
    // A few are taken by who was there before.
    assert.ok(told.missing.length + others >= WAITING_MAX * 0.9);
    const offset = suspendedNs();
    for (const { start, end } of told.missing) {
      assert.ok(start + offset >= gaps[0]!.since && end + offset <= gaps[0]!.until);
    }
    assert.deepEqual(compareRows(readRows(file), more), { missing: [], wrong: [] });
    assert.equal(readRuns(file)[0]!["lost"], 0);
    assert.equal(integrityOf(file), "ok");
    file.close();
  },
);

test(...unless(missing, "a recorder that finds no room at its start says so and ends"), () => {
  using disk = Mounted.tmpfs(1 << 20);
  const db = join(disk.folder, "history.db");
  fillUp(disk.folder);
  const { status, stderr } = runFh(["record", "--db", db]);
  assert.deepEqual([status, stderr.split("\n").length], [1, 2], stderr);
  assert.match(stderr, /^fh: Cannot use the history: no room for .*; make room on that disk\n$/);
});
