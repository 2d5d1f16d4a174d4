import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { PART_LIVES } from "../../src/history/ledger.ts";
import { RowCount } from "../../src/history/row_count.ts";

/** A table of lives, and the parts in which there are some. */
function open() {
  const db = new DatabaseSync(":memory:");
  db.exec("CREATE TABLE life (id INTEGER PRIMARY KEY)");
  const put = db.prepare(
    `WITH RECURSIVE n(id) AS (SELECT ?1 UNION ALL SELECT id + 1 FROM n WHERE id + 1 < ?1 + ?2)
      INSERT INTO life SELECT id FROM n`,
  );
  const ledger = {
    get parts() {
      const rows = db.prepare(`SELECT DISTINCT id / ${PART_LIVES} AS part FROM life`).all();
      // Jobs have a part, too.
      return [-1, ...rows.map(({ part }) => Number(part))];
    },
  };
  return { db, put, ledger };
}

test("the lives of a small file are counted exactly, as they come and go", () => {
  const { db, put, ledger } = open();
  const count = new RowCount(db, ledger);
  assert.equal(count.about(), 0);
  put.run(1, 10_000);
  assert.equal(count.about(), 10_000);
  db.exec("DELETE FROM life WHERE id < 5000");
  put.run(20_000, 3);
  assert.equal(count.about(), 10_000 - 4999 + 3);
  db.exec("DELETE FROM life");
  assert.equal(count.about(), 0);
});

test("those of a large one are estimated, better each time, and followed", () => {
  const { db, put, ledger } = open();
  const parts = 100;
  // Old parts have few left, as in a file that forgets.
  for (let part = 0; part < parts; part++) put.run(part * PART_LIVES, 40 * (part + 1));
  const all = 40 * parts * (parts + 1) / 2;
  const count = new RowCount(db, ledger);
  const first = count.about();
  assert.ok(Math.abs(first / all - 1) < 0.2, `${first} of ${all}`);
  for (let turn = 0; turn < 7; turn++) count.about();
  assert.equal(count.about(), all);
  db.exec(`DELETE FROM life WHERE id < ${50 * PART_LIVES}`);
  const left = Number(db.prepare("SELECT count(*) AS n FROM life").get()!["n"]);
  assert.equal(count.about(), left);
});
