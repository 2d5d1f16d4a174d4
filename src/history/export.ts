/**
 * A part of a history as a file of its own.
 *
 * @module
 */
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { finish, type Steps } from "../steps.ts";
import { checkFiles, checkSchema, GUARDS } from "./door.ts";
import { BUSY_MS, pragma } from "./file.ts";
import type { BootSpan } from "../model/bounds.ts";
import { explainSql, isOfWriting } from "./history_error.ts";
import { APPLICATION_ID, HOUR_NS, LIVED_WITHIN, MIGRATIONS } from "./schema.ts";

const LIVES_AT_ONCE = 20_000;
/** Below every id: a rowid may be any 64-bit number, which no number of JavaScript holds. */
const FIRST_ID = "-9223372036854775808";

/**
 * Writes what lived within some stretches, with all its ancestors, into an empty file; the number
 * of processes comes back. The file is of the version that the history has.
 */
export function exportHistory(from: string, to: string, spans: readonly BootSpan[]): number {
  return finish(exportSteps(from, to, spans));
}

/**
 * {@linkcode exportHistory} with pauses.
 *
 * @throws {HistoryError} The history is not as fh made it.
 */
export function* exportSteps(
  from: string,
  to: string,
  spans: readonly BootSpan[],
  onCopied: (count: number, whole: number) => void = () => {},
): Steps<number> {
  const db = new DatabaseSync(to);
  try {
    yield* copy(db, from, spans, onCopied);
    const [row] = db.prepare("SELECT count(*) AS n FROM life").all();
    db.exec("COMMIT");
    return Number(row!["n"]);
  } catch (error) {
    throw explainSql(isOfWriting(error) ? to : from, error);
  } finally {
    db.close();
  }
}

function* copy(
  db: DatabaseSync,
  from: string,
  spans: readonly BootSpan[],
  onCopied: (count: number, whole: number) => void,
): Steps<void> {
  checkFiles(from);
  // Others' files are read: nothing is written to them, not even a log taken over.
  db.prepare("ATTACH ? AS past").run(`${pathToFileURL(from).href}?mode=ro`);
  // The new file is of no use before all is in it: nothing of it needs to be safe until then.
  db.exec(`PRAGMA busy_timeout = ${BUSY_MS}; PRAGMA main.synchronous = OFF; ${GUARDS}`);
  const version = pragma(db, "past.user_version");
  const hasJobs = version >= 2;
  checkSchema(from, db, version, "past");
  db.exec(MIGRATIONS.slice(0, version).join("\n"));
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${version};
    PRAGMA foreign_keys = OFF`);
  // One state of the history, however long this takes.
  db.exec("BEGIN; CREATE TEMP TABLE wanted (id INTEGER PRIMARY KEY)");
  for (const { boot, since, until } of spans) {
    for (const condition of LIVED_WITHIN) {
      yield;
      db.prepare(`INSERT OR IGNORE INTO wanted SELECT id FROM past.life WHERE ${condition}`)
        .run(boot.id, since, until);
    }
    db.prepare(runs(version)).run(boot.id, Math.round(since), Math.round(until));
    if (hasJobs) db.prepare(JOBS).run(boot.id, since, until);
    if (version >= 6) {
      const hours = [Math.ceil(since / HOUR_NS), Math.floor(until / HOUR_NS)];
      db.prepare(SUMS).run(boot.id, ...hours);
    }
    db.prepare(GAPS).run(boot.id, since, until);
    db.prepare("INSERT INTO boot SELECT * FROM past.boot WHERE id = ?").run(boot.id);
    db.prepare("INSERT INTO clock SELECT * FROM past.clock WHERE boot = ?").run(boot.id);
  }
  yield;
  db.exec(ANCESTORS);
  yield* copyLives(db, onCopied);
  if (version >= 7) {
    for (const { boot, since, until } of spans) db.prepare(FINDINGS).run(boot.id, since, until);
  }
  if (version >= 8) db.exec(SAMPLES);
  for (const sql of hasJobs ? [...COPY, ...COPY_JOBS] : COPY) {
    yield;
    db.exec(sql);
  }
}

/** Copies lives and what they ran before, some at a time. */
function* copyLives(
  db: DatabaseSync,
  onCopied: (count: number, whole: number) => void,
): Steps<void> {
  const whole = Number(db.prepare("SELECT count(*) AS n FROM wanted").get()!["n"]);
  let copied = 0;
  const next = db.prepare(
    `SELECT CAST(max(id) AS TEXT) AS last FROM
      (SELECT id FROM wanted WHERE id > CAST(? AS INTEGER) ORDER BY id LIMIT ${LIVES_AT_ONCE})`,
  );
  const some = "SELECT id FROM wanted WHERE id > CAST(?1 AS INTEGER) AND id <= CAST(?2 AS INTEGER)";
  const lives = db.prepare(`INSERT INTO life SELECT * FROM past.life WHERE id IN (${some})`);
  const formers = db.prepare(
    `INSERT INTO former SELECT * FROM past.former WHERE life IN (${some})`,
  );
  for (let after = FIRST_ID;;) {
    yield;
    const last = next.get(after)?.["last"] ?? null;
    if (last === null) return;
    copied += Number(lives.run(after, String(last)).changes);
    onCopied(copied, whole);
    formers.run(after, String(last));
    after = String(last);
  }
}

/** Earlier versions say neither where accounts came from nor how much they keep. */
const runs = (version: number) =>
  `INSERT INTO run SELECT id, boot, pid, since, max(kept, ?2),
  iif(id = last, ?3, min(seen, ?3)), iif(id = last, ?3, min(coalesce(ended, seen), ?3)),
  source, why, version, events, lost${version >= 4 ? ", accounts" : ""}${
    version >= 5 ? ", keep_s, max_bytes" : ""
  }${version >= 7 ? ", findings" : ""}
  FROM past.run, (SELECT max(id) AS last FROM past.run WHERE boot = ?1 AND since < ?3)
  WHERE boot = ?1 AND since < ?3 AND (seen >= ?2 OR id = last)`;

const GAPS = "INSERT INTO gap SELECT * FROM past.gap WHERE boot = ? AND until >= ? AND since < ?";

/** Of an hour at the edge not all lives come along. */
const SUMS = `INSERT INTO hour_sum SELECT * FROM past.hour_sum
  WHERE boot = ? AND hour >= ? AND hour < ?`;

const JOBS = `INSERT INTO job SELECT * FROM past.job
  WHERE boot = ? AND (until IS NULL OR until >= ?) AND since < ?`;

const FINDINGS = `INSERT INTO finding SELECT * FROM past.finding
  WHERE boot = ? AND until >= ? AND since < ? AND life IN (SELECT id FROM main.life)`;

const SAMPLES =
  "INSERT INTO sample SELECT * FROM past.sample WHERE life IN (SELECT id FROM main.life)";

/** UNION, not UNION ALL: parents in a ring come to an end. */
const ANCESTORS = `INSERT OR IGNORE INTO wanted WITH RECURSIVE up (id) AS (
  SELECT parent FROM past.life WHERE id IN (SELECT id FROM wanted)
  UNION SELECT parent FROM past.life l JOIN up ON l.id = up.id
) SELECT id FROM up WHERE id IS NOT NULL`;

const COPY = [
  `INSERT INTO image SELECT * FROM past.image
    WHERE id IN (SELECT image FROM main.life UNION SELECT image FROM main.former)`,
  `UPDATE main.image SET latest = coalesce(
    (SELECT max(id) FROM main.life WHERE life.image = image.id AND exec IS NOT NULL),
    (SELECT max(life) FROM main.former WHERE former.image = image.id))`,
  `INSERT INTO text SELECT * FROM past.text WHERE id IN (
    SELECT argv FROM main.image UNION SELECT exe FROM main.image UNION SELECT cwd FROM main.image
    UNION SELECT cgroup FROM main.image UNION SELECT comm FROM main.image
    UNION SELECT env FROM main.image)`,
];

const COPY_JOBS = [
  `INSERT INTO job_total SELECT * FROM past.job_total WHERE job IN (SELECT id FROM main.job)`,
  `INSERT INTO member SELECT * FROM past.member
    WHERE job IN (SELECT id FROM main.job) AND life IN (SELECT id FROM wanted)`,
];
