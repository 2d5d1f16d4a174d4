/** What stands around the lives of a history is bounded as they are. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { trimFrame } from "../../src/history/frame.ts";
import { TestRecorder } from "../support/past.ts";

const MIB = 1 << 20;
/** So many rows of each may be in a file of 4 MiB. */
const MOST = 1024;

test("many gaps become fewer and wider, and what was lost stays exact", () => {
  using past = new TestRecorder();
  const { db } = past;
  past.flush();
  const add = db.prepare(
    "INSERT INTO gap (boot, since, until, lost, reason) VALUES (1, ?, ?, ?, ?)",
  );
  db.exec("BEGIN");
  for (let i = 0; i < 5000; i++) add.run(2e9 + i, 2e9 + i, 3, i % 2 ? "overflow" : "missed");
  add.run(3e9, 4e9, null, "not recording");
  db.exec("COMMIT");
  for (let i = 0; i < 20; i++) trimFrame(db, past.ledger, 4 * MIB);
  const rows = db.prepare(
    `SELECT reason, count(*) AS n, sum(lost) AS lost, CAST(min(since) AS REAL) AS since,
      CAST(max(until) AS REAL) AS until FROM gap GROUP BY reason ORDER BY reason`,
  ).all();
  assert.ok(rows.reduce((sum, { n }) => sum + Number(n), 0) <= MOST);
  assert.deepEqual(rows.map(({ reason, lost }) => [reason, lost]), [
    ["missed", 7500],
    ["not recording", null],
    ["overflow", 7500],
  ]);
  assert.deepEqual([rows[0]!["since"], rows[2]!["until"]], [2e9, 2e9 + 4999]);
  past.end();
});

test("many runs and clocks become fewer; the first and the last are there", () => {
  using past = new TestRecorder();
  const { db } = past;
  past.flush();
  db.exec("BEGIN");
  const clock = db.prepare("INSERT INTO clock VALUES (1, ?, 1)");
  const run = db.prepare(
    `INSERT INTO run (boot, pid, since, kept, seen, source, why, version)
      VALUES (1, 1, ?, 1, ?, 'poll', '', '0')`,
  );
  for (let i = 0; i < 5000; i++) {
    clock.run(2e9 + i);
    run.run(2e9 + i, 2e9 + i + 1);
  }
  db.exec("COMMIT");
  for (let i = 0; i < 20; i++) trimFrame(db, past.ledger, 4 * MIB);
  for (const table of ["run", "clock"]) {
    const { n, last } = db.prepare(
      `SELECT count(*) AS n, CAST(max(since) AS REAL) AS last FROM ${table}`,
    ).get()!;
    assert.ok(Number(n) <= MOST && Number(n) >= MOST / 4, `${table}: ${n}`);
    assert.equal(last, 2e9 + 4999);
  }
  assert.equal(db.prepare("SELECT count(*) AS n FROM clock WHERE since = 0").get()!["n"], 1);
  past.end();
});
