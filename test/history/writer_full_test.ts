/** What waits for room on a full disk: bounded, shared out among users, and counted. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LIFE_FLAG } from "../../src/history/schema.ts";
import { EVENT } from "../../src/model/event.ts";
import { exec, exit, fork, simple } from "../support/events.ts";
import type { TestRecorder } from "../support/past.ts";
import { ask, begun, comm, flagsOf, lifeOf } from "../support/written.ts";

const S = 1e9;
const MIB = 1 << 20;

/** Takes all room from a file, or gives it back. */
function setRoom(past: TestRecorder, pages: number): void {
  past.db.prepare(`PRAGMA max_page_count = ${pages}`).get();
}

test("what finds no room waits, and is written when there is some", () => {
  using past = begun();
  past.flush();
  setRoom(past, 1);
  for (let i = 0; i < 20_000; i++) past.tell(fork(2 * S + i, 1000 + i, 100));
  for (let i = 0; i < 20_000; i += 2) past.tell(exit(3 * S + i, 1000 + i, 0));
  past.flush();
  assert.match(past.writer.failing ?? "", /full/);
  past.flush();
  assert.equal(past.writer.waiting, 20_000);
  assert.deepEqual(past.writer.unwritten, { since: 3 * S + 19_998, lost: 10_000 });
  setRoom(past, 1 << 30);
  past.flush();
  assert.deepEqual([past.writer.failing, past.writer.waiting], [null, 0]);
  past.end();
  ask(past.path, (history) => {
    const [row] = history.db.prepare(
      "SELECT count(*) AS n, count(parent) AS parents, sum(span IS NULL) AS living FROM life",
    ).all();
    assert.deepEqual({ ...row }, { n: 20_002, parents: 20_001, living: 10_002 });
    assert.deepEqual(history.gaps({ boot: history.boots[0]!, since: 0, until: 9 * S }), []);
  });
});

test("what waits beyond measure is dropped, and counted; the living come back", () => {
  using past = begun();
  past.flush();
  setRoom(past, 1);
  past.tell(fork(2 * S, 500, 100), fork(2 * S, 600, 100));
  for (let i = 0; i < 110_000; i++) {
    past.tell(fork(2 * S + i, 1000 + i, 500), exit(2 * S + i, 1000 + i, 0));
  }
  past.flush();
  setRoom(past, 1 << 30);
  past.tell(fork(9 * S, 501, 500)).end();
  ask(past.path, (history) => {
    const [gone] = history.gaps({ boot: history.boots[0]!, since: 0, until: 99 * S });
    const [row] = history.db.prepare("SELECT count(*) AS n FROM life WHERE pid >= 1000").all();
    assert.equal(gone!.reason, "disk full");
    assert.equal(gone!.lost! + Number(row!["n"]), 110_000);
    assert.equal(gone!.lost, 99_998, "all that waited, but two that live");
    assert.deepEqual(lifeOf(history, 501).parent?.pid, 500);
    for (const pid of [500, 600]) {
      assert.equal(lifeOf(history, pid).parent?.pid, 100);
      assert.ok(flagsOf(lifeOf(history, pid)) & LIFE_FLAG.found);
    }
  });
});

test("while the disk is full, one user's storm takes no room from what others wait for", () => {
  using past = begun();
  past.tell(fork(2 * S, 500, 100), simple(EVENT.uid, 2 * S, 500, 1000, 1000));
  past.tell(fork(2 * S, 600, 100), simple(EVENT.uid, 2 * S, 600, 1001, 1001)).flush();
  setRoom(past, 1);
  for (let i = 0; i < 250_000; i++) {
    if (i % 1000 === 0) {
      past.tell(fork(2 * S + i, 500_000 + i, 600), exit(2 * S + i, 500_000 + i, 0));
    }
    past.tell(fork(2 * S + i, 1000 + i, 500), exit(2 * S + i, 1000 + i, 0));
    if (i === 10) past.flush();
  }
  setRoom(past, 1 << 30);
  past.end();
  ask(past.path, (history) => {
    const count = (where: string) =>
      Number(history.db.prepare(`SELECT count(*) AS n FROM life WHERE ${where}`).get()!["n"]);
    assert.equal(count("pid >= 500000"), 250);
    const [gone] = history.gaps({ boot: history.boots[0]!, since: 0, until: 99 * S });
    assert.equal(gone!.lost! + count("pid BETWEEN 1000 AND 499999"), 250_000);
    assert.ok(gone!.lost! > 100_000, "only the storm was dropped, and counted");
  });
});

test("names that change without end take a bounded room while the disk is full", () => {
  using past = begun();
  past.flush();
  setRoom(past, 1);
  for (let pid = 1000; pid < 5000; pid++) {
    past.tell(fork(2 * S, pid, 100));
    if (pid === 1500) past.flush();
    for (let n = 0; n < 60; n++) past.tell(comm(3 * S + n, pid, `name ${n}`));
    assert.ok(past.writer.waitingBytes <= 50 * MIB, `${past.writer.waitingBytes}`);
  }
  assert.match(past.writer.failing ?? "", /full/);
  setRoom(past, 1 << 30);
  past.end();
  ask(past.path, (history) => {
    const { n } = history.db.prepare("SELECT count(*) AS n FROM former").get()!;
    assert.ok(Number(n) < 200_000, `${n} of 240 000 names`);
  });
});

test("what waits is bounded in bytes while the disk is full; what is dropped is unknown", () => {
  using past = begun();
  past.flush();
  setRoom(past, 1);
  const long = "x".repeat(MIB);
  const image = (n: number) => exec((3 + n) * S, 100, "/bin/self", `${n}${long}`);
  past.tell(image(0)).flush();
  assert.match(past.writer.failing ?? "", /full/);
  for (let n = 1; n < 200; n++) {
    past.tell(image(n));
    assert.ok(past.writer.waitingBytes <= 66 * MIB, `${past.writer.waitingBytes}`);
  }
  setRoom(past, 1 << 30);
  past.flush().end();
  ask(past.path, (history) => {
    const life = lifeOf(history, 100);
    const number = (ns: number) => {
      history.lives.dressAt(life, ns);
      return life.image.argv === null ? null : parseInt(life.image.argv[1] ?? "", 10);
    };
    assert.deepEqual([number(300 * S), number(4 * S)], [199, null]);
    assert.ok(Number(history.db.prepare("SELECT count(*) AS n FROM former").get()!["n"]) < 100);
  });
});
