import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { LateGaps } from "../../src/history/late_gaps.ts";
import { MIGRATIONS } from "../../src/history/schema.ts";

test("gaps that come about in a history are told once, also where one grows", () => {
  const db = new DatabaseSync(":memory:");
  db.exec(MIGRATIONS.join("\n"));
  db.exec("INSERT INTO boot VALUES (1, 'b')");
  const add = db.prepare(
    "INSERT INTO gap (boot, since, until, lost, reason) VALUES (1, 0, 1, ?, ?)",
  );
  add.run(7, "disk full");
  const gaps = new LateGaps(db, ["disk full", "share used up"]);
  const news = () => gaps.news().filter((one) => one.gaps > 0 || one.lost > 0);
  assert.deepEqual(news(), []);
  add.run(3, "disk full");
  add.run(null, "share used up");
  add.run(100, "overflow");
  assert.deepEqual(news(), [
    { reason: "disk full", gaps: 1, lost: 3 },
    { reason: "share used up", gaps: 1, lost: 0 },
  ]);
  db.exec("UPDATE gap SET lost = 5 WHERE reason = 'share used up'");
  assert.deepEqual(news(), [{ reason: "share used up", gaps: 0, lost: 5 }]);
  // What is forgotten is no loss less.
  db.exec("DELETE FROM gap WHERE lost = 7");
  assert.deepEqual(news(), []);
  add.run(1, "disk full");
  assert.deepEqual(news(), [{ reason: "disk full", gaps: 1, lost: 1 }]);
});
