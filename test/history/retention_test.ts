import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { openForRecording } from "../../src/history/file.ts";
import { History } from "../../src/history/history.ts";
import { Retention } from "../../src/history/retention.ts";
import type { SourceEvent } from "../../src/model/event.ts";
import { finish } from "../../src/steps.ts";
import { exec, exit, fork, scan } from "../support/events.ts";
import { PAST_EPOCH, TestRecorder } from "../support/past.ts";

const S = 1e9;
const BOOTED_MS = PAST_EPOCH.seconds * 1000;
const INIT = scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]);
const MIB = 1 << 20;

/** Lets old lives go until nothing changes any more; how often texts were swept. */
function retain(
  path: string,
  keepMs: number,
  maxBytes: number,
  nowMs: number,
  turns = 40,
): number {
  const { db, ledger, close } = openForRecording(path);
  let sweeps = 0;
  const retention = new Retention(db, { keepMs, maxBytes }, ledger, () => sweeps++);
  for (let i = 0; i < turns; i++) retention.work(nowMs + i * 61_000);
  close();
  return sweeps;
}

function pids(path: string): number[] {
  const db = new DatabaseSync(path);
  const found = db.prepare("SELECT pid FROM life ORDER BY id").all().map(({ pid }) => Number(pid));
  assert.equal(db.prepare("PRAGMA integrity_check").get()!["integrity_check"], "ok");
  db.close();
  return found;
}

/** A process of init that ran for a second, with a command line of its own. */
function short(at: number, pid: number, ppid = 1): SourceEvent[] {
  return [
    fork(at * S, pid, ppid),
    exec(at * S + 1, pid, "/bin/once", `argument-${pid}`),
    exit(at * S + S, pid, 0),
  ];
}

test("what ended too long ago goes, its ancestors only with the last that needs them", () => {
  using past = new TestRecorder();
  past.tell(...INIT, ...short(10, 100), fork(20 * S, 200, 1), fork(21 * S, 201, 200));
  past.tell(exit(22 * S, 200, 0), ...short(23, 202, 201), ...short(1000, 300)).end();
  const now = BOOTED_MS + 1_100_000;
  retain(past.path, 200_000, 64 * MIB, now, 1);
  assert.deepEqual(pids(past.path), [1, 200, 201, 300], "201 runs, and 200 is above it");
  retain(past.path, 50_000, 64 * MIB, now + 3600_000);
  assert.deepEqual(pids(past.path), [1, 200, 201]);
});

test("a long chain of the dead goes in one turn, whoever ended first", () => {
  using past = new TestRecorder();
  past.tell(...INIT);
  for (let i = 0; i < 500; i++) {
    past.tell(fork((10 + i) * S, 1000 + i, i === 0 ? 1 : 999 + i));
    if (i > 0) past.tell(exit((10 + i) * S + 1, 999 + i, 0));
  }
  past.tell(exit(600 * S, 1499, 0)).end();
  retain(past.path, 1000, 64 * MIB, BOOTED_MS + 3_600_000);
  assert.deepEqual(pids(past.path), [1]);
});

test("lives that end at the same time are all looked at", () => {
  using past = new TestRecorder();
  past.tell(...INIT);
  // Above each stands a life that must stay: 1500 of them come first.
  for (let i = 0; i < 1500; i++) {
    past.tell(fork(10 * S, 2000 + i, 1), fork(11 * S, 5000 + i, 2000 + i));
  }
  for (let i = 0; i < 1500; i++) past.tell(exit(12 * S, 2000 + i, 0));
  for (let i = 0; i < 100; i++) past.tell(fork(11 * S, 9000 + i, 1), exit(12 * S, 9000 + i, 0));
  past.end();
  retain(past.path, 1000, 64 * MIB, BOOTED_MS + 3_600_000);
  assert.equal(pids(past.path).filter((pid) => pid >= 9000).length, 0);
  assert.equal(pids(past.path).length, 3001);
});

test("a file that is too large loses the oldest, and with them their texts", () => {
  using past = new TestRecorder();
  past.tell(...INIT);
  const long = "x".repeat(300);
  for (let i = 0; i < 30_000; i++) {
    const at = (10 + i * 0.01) * S;
    past.tell(fork(at, 10_000 + i, 1), exec(at + 1, 10_000 + i, "/bin/one", `${long}${i}`));
    past.tell(exit(at + 2, 10_000 + i, 0));
    if (i % 5000 === 4999) past.flush();
  }
  past.end();
  const before = new History(past.path);
  const [text] = before.db.prepare("SELECT count(*) AS n FROM text").all();
  before.close();
  assert.ok(Number(text!["n"]) > 30_000);
  assert.ok(retain(past.path, Infinity, 8 * MIB, BOOTED_MS + 600_000) > 0);
  const left = pids(past.path);
  assert.equal(left[0], 1);
  assert.equal(left.at(-1), 39_999, "the newest stays");
  assert.ok(left.length > 1000 && left.length < 25_000, String(left.length));
  const after = new History(past.path);
  const bytes = after.db.prepare("PRAGMA page_count").get()!["page_count"] as number * 4096;
  assert.ok(bytes <= 8 * MIB, `${bytes} bytes`);
  for (const life of after.byPid(39_999)) {
    assert.deepEqual(life.image.argv, ["/bin/one", `${long}29999`]);
  }
  const [rest] = after.db.prepare("SELECT count(*) AS n FROM text").all();
  assert.ok(Number(rest!["n"]) < left.length + 100, "texts of what is gone are gone");
  assert.ok(after.boots[0]!.since > 10 * S, "it says from when on it is whole");
  after.close();
});

test("only where nothing but ancestors is left do they go, and their children name them", () => {
  using past = new TestRecorder();
  past.tell(...INIT);
  // Each generation ends after it has forked the next: all are above the one that runs.
  for (let i = 0; i < 60_000; i++) {
    past.tell(fork((10 + i * 0.01) * S, 10_000 + i, i === 0 ? 1 : 9999 + i));
    if (i > 0) past.tell(exit((10 + i * 0.01) * S + 1, 9999 + i, 0));
    if (i % 20_000 === 19_999) past.flush();
  }
  past.end();
  retain(past.path, Infinity, 4 * MIB, BOOTED_MS + 3_600_000);
  const history = new History(past.path);
  const [last] = history.byPid(69_999);
  finish(history.lives.linkUp([last!]));
  let top = last!;
  while (top.parent !== null) top = top.parent as typeof top;
  assert.equal(top.ppid, top.pid - 1, "the oldest that is left knows the pid of its parent");
  assert.deepEqual(top.image.argv, ["/sbin/init"]);
  history.close();
});
