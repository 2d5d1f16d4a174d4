/**
 * Bounds what stands around the lives of a history: boots, runs, clocks and gaps.
 *
 * @module
 */
import type { DatabaseSync } from "node:sqlite";
import { GAP_REASON, GAP_WORDS } from "../model/event.ts";
import type { Ledger } from "./ledger.ts";

/** For each row of these there is so much of the file. */
const BYTES_PER_ROW = 4096;
/** Gaps of one reason that become one, where there are too many. */
const MERGED = 16;

/** Of a boot of which no process is left nothing stays. */
const FORGET_BOOTS = `
DELETE FROM boot WHERE id < (SELECT max(id) FROM boot)
  AND NOT EXISTS (SELECT 1 FROM life WHERE life.boot = boot.id AND span IS NOT NULL);
DELETE FROM run WHERE boot NOT IN (SELECT id FROM boot);
DELETE FROM gap WHERE boot NOT IN (SELECT id FROM boot);
DELETE FROM clock WHERE boot NOT IN (SELECT id FROM boot);
`;

/** Deletes what is of no use any more; where there are too many rows, merges gaps. */
export function trimFrame(db: DatabaseSync, ledger: Ledger, maxBytes: number): void {
  const most = Math.max(1000, Math.floor(maxBytes / BYTES_PER_ROW));
  ledger.write(() => {
    forgetBefore(db);
    db.exec(FORGET_BOOTS);
    if (countRows(db, "gap") > most) mergeGaps(db, most / 2);
    if (countRows(db, "run") > most) removeRuns(db, most);
    if (countRows(db, "clock") > most) removeClocks(db, most);
  });
}

/** What is told of the time before the oldest life that is whole. */
function forgetBefore(db: DatabaseSync): void {
  const gaps = db.prepare("DELETE FROM gap WHERE boot = ? AND until < ?");
  const clocks = db.prepare(
    `DELETE FROM clock WHERE boot = ?1
      AND since < (SELECT max(since) FROM clock WHERE boot = ?1 AND since <= ?2)`,
  );
  const kept = db.prepare("SELECT boot, CAST(min(kept) AS REAL) AS kept FROM run GROUP BY boot");
  for (const row of kept.all()) {
    const [boot, since] = [Number(row["boot"]), Number(row["kept"])];
    gaps.run(boot, since);
    clocks.run(boot, since);
  }
}

function countRows(db: DatabaseSync, table: "gap" | "run" | "clock"): number {
  const [row] = db.prepare(`SELECT count(*) AS n FROM ${table}`).all();
  return Number(row!["n"]);
}

/** The oldest gaps become fewer and wider; what was lost stays exact. */
function mergeGaps(db: DatabaseSync, count: number): void {
  const pause = GAP_WORDS[GAP_REASON.pause]!;
  db.exec(`DROP TABLE IF EXISTS temp.few; CREATE TEMP TABLE few (id INTEGER PRIMARY KEY)`);
  db.prepare("INSERT INTO few SELECT id FROM gap WHERE reason <> ? ORDER BY id LIMIT ?")
    .run(pause, Math.floor(count));
  // When nobody recorded is no matter of more or less: between two such times somebody did.
  db.exec(`
    DROP TABLE IF EXISTS temp.wide;
    CREATE TEMP TABLE wide AS SELECT boot, min(since) AS since, max(until) AS until,
      iif(count(lost) = count(*), sum(lost), NULL) AS lost, reason
      FROM (SELECT *, (row_number() OVER (PARTITION BY boot, reason ORDER BY id) - 1) / ${MERGED}
        AS nth FROM main.gap WHERE id IN (SELECT id FROM few))
      GROUP BY boot, reason, nth;
    DELETE FROM main.gap WHERE id IN (SELECT id FROM few);
    INSERT INTO main.gap (boot, since, until, lost, reason) SELECT * FROM wide ORDER BY until;
    DROP TABLE few; DROP TABLE wide;`);
}

/** The oldest runs go; those that stay know from when on what they saw is there. */
function removeRuns(db: DatabaseSync, most: number): void {
  db.prepare(
    `DELETE FROM run WHERE id <= (SELECT max(id) FROM run) - ?
      AND id NOT IN (SELECT max(id) FROM run GROUP BY boot)`,
  ).run(Math.floor(most / 2));
}

/** Of how the wall clock stood, every second row of the older half goes. */
function removeClocks(db: DatabaseSync, most: number): void {
  db.prepare(
    `DELETE FROM clock WHERE (boot, since) IN (SELECT boot, since FROM (
      SELECT boot, since, row_number() OVER (ORDER BY boot, since) AS nth FROM clock
      ORDER BY boot, since LIMIT ?) WHERE nth % 2 = 0)`,
  ).run(Math.floor(most / 2));
}
