/** Whose the room in a history is: counted as rows come and go. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { openForRecording } from "../../src/history/file.ts";
import { Ledger, PART_LIVES, ROW_BYTES } from "../../src/history/ledger.ts";
import { Ranking } from "../../src/history/ranking.ts";
import { Remover } from "../../src/history/remover.ts";
import { UserShare } from "../../src/history/user_share.ts";
import { MIGRATIONS } from "../../src/history/schema.ts";
import { EVENT } from "../../src/model/event.ts";
import { exec, exit, fork, scan, simple } from "../support/events.ts";
import { TestRecorder } from "../support/past.ts";

const S = 1e9;

function empty(): DatabaseSync {
  const db = new DatabaseSync(":memory:");
  db.exec(MIGRATIONS.join("\n"));
  return db;
}

test("what was charged is kept, and what failed to be written is not", () => {
  const db = empty();
  const ledger = new Ledger(db);
  ledger.write(() => {
    ledger.charge(0, 0, 100);
    ledger.charge(0, 1000, 300);
    ledger.charge(2, 1000, 50);
    ledger.charge(1, null, 7);
  });
  assert.throws(() =>
    ledger.write(() => {
      ledger.charge(0, 1000, 1e6);
      ledger.charge(5, 77, 5);
      ledger.give(0, 0, 40);
      throw new Error("no room");
    }), /no room/);
  for (const one of [ledger, new Ledger(db)]) {
    assert.deepEqual([...one.totals].sort(), [[-1, 7], [0, 100], [1000, 350]]);
    assert.deepEqual([one.nextPart(1000, -1), one.nextPart(1000, 0), one.nextPart(1000, 2)], [
      0,
      2,
      null,
    ]);
  }
  ledger.write(() => {
    ledger.give(0, 1000, 1e9);
    ledger.give(9, 1000, 5);
  });
  assert.deepEqual([...new Ledger(db).totals].sort(), [[-1, 7], [0, 100], [1000, 50]]);
});

test("one user alone has half of what is not root's, root what it has up to a half", () => {
  const over = (...held: readonly (readonly [number, number])[]) => {
    const ledger = new Ledger(empty());
    ledger.write(() => {
      for (const [uid, bytes] of held) ledger.charge(0, uid, bytes);
    });
    return new Ranking(ledger.totals).first;
  };
  assert.equal(over([0, 80], [1000, 20]), null, "root needs no share while others have theirs");
  assert.equal(over([0, 70], [1000, 30]), 1000, "more than a quarter of all beside root's half");
  assert.equal(over([0, 10], [1000, 80], [1001, 10]), 1000);
  assert.equal(over([0, 60], [1000, 20], [1001, 20]), 1000, "two have a third each of that half");
  assert.equal(over([0, 100]), null);
});

test("users beyond sixty-four in a part share one account", () => {
  const ledger = new Ledger(empty());
  ledger.write(() => {
    for (let uid = 0; uid < 1000; uid++) ledger.charge(0, uid, 10);
  });
  assert.equal(ledger.totals.size, 65);
  assert.deepEqual([ledger.ownerIn(0, 5), ledger.ownerIn(0, 500)], [5, ledger.ownerIn(0, 999)]);
  assert.equal(ledger.ownerIn(1, 500), 500);
  assert.equal(new Ranking(ledger.totals).first, ledger.ownerIn(0, 500));
});

test("a file of version 2 is counted once; what is counted later agrees with it", () => {
  using past = new TestRecorder();
  past.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]));
  for (let i = 0; i < 2 * PART_LIVES; i++) {
    const [at, pid] = [10 * S + i * 100, 1000 + i];
    past.tell(fork(at, pid, 1), simple(EVENT.uid, at + 1, pid, i % 3, i % 3));
    past.tell(exec(at + 2, pid, "/bin/do", "x".repeat(100) + i), exit(at + 3, pid, 0));
  }
  past.flush();
  const charged = new Map(past.ledger.totals);
  past.end();
  const viewOf2 = MIGRATIONS[1]!.slice(MIGRATIONS[1]!.lastIndexOf("CREATE VIEW"));
  const db = new DatabaseSync(past.path);
  db.exec(
    `DROP VIEW process; DROP TABLE usage; DROP TABLE spent;
      ALTER TABLE image DROP COLUMN argv_missing; ALTER TABLE run DROP COLUMN accounts;
      ALTER TABLE run DROP COLUMN keep_s; ALTER TABLE run DROP COLUMN max_bytes;
      ALTER TABLE run DROP COLUMN findings;
      ${viewOf2} DROP TRIGGER life_removed; DROP TABLE hour_sum; DROP TRIGGER life_found;
      DROP TABLE finding;
      DROP TRIGGER life_sampled; DROP TABLE sample; DROP TABLE program;
      PRAGMA user_version = 2`,
  );
  db.close();
  const { ledger, close } = openForRecording(past.path);
  for (const uid of [0, 1, 2]) {
    const share = ledger.totals.get(uid)! / charged.get(uid)!;
    assert.ok(share > 0.9 && share < 1.1, `uid ${uid}: ${share}`);
    assert.ok(ledger.held(0, uid) > (PART_LIVES / 3 - 2) * ROW_BYTES.life);
  }
  close();
});

test("among thousands of users it is not reckoned at each step who has more than a share", () => {
  const db = empty();
  const ledger = new Ledger(db);
  const users = 20_000;
  ledger.write(() => {
    for (let n = 0; n < users; n++) ledger.charge(n >> 5, 1000 + n, n < 500 ? 1e6 + n : 1);
  });
  const totals = ledger.totals as Map<number, number>;
  let seen = 0;
  function* counted<Item>(items: Iterable<Item>): Generator<Item> {
    for (const item of items) {
      seen++;
      yield item;
    }
  }
  Object.assign(totals, {
    keys: () => counted(Map.prototype.keys.call(totals)),
    values: () => counted(Map.prototype.values.call(totals)),
    [Symbol.iterator]: () => counted(Map.prototype[Symbol.iterator].call(totals)),
  });
  const share = new UserShare(db, ledger, new Remover(db, ledger));
  const steps = 200;
  for (let n = 0; n < steps; n++) assert.ok(share.step(1000));
  assert.ok(seen <= 20 * users, `${seen} in ${steps} steps`);
  assert.ok(totals.size < users, "what nobody has any more is settled");
});
