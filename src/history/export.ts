/**
 * A part of a history as a file of its own.
 *
 * @module
 */
import { DatabaseSync } from "node:sqlite";
import { pragma } from "./file.ts";
import type { BootSpan } from "./history.ts";
import { APPLICATION_ID, LIVED_WITHIN, MIGRATIONS } from "./schema.ts";

/**
 * Writes what lived within some stretches, with all its ancestors, into an empty file; the number
 * of processes comes back. The file is of the version that the history has.
 */
export function exportHistory(from: string, to: string, spans: readonly BootSpan[]): number {
  const db = new DatabaseSync(to);
  try {
    db.prepare("ATTACH ? AS past").run(from);
    const version = pragma(db, "past.user_version");
    const hasJobs = version >= 2;
    db.exec(MIGRATIONS.slice(0, version).join("\n"));
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${version};
      PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF`);
    // One state of the history, however long this takes.
    db.exec("BEGIN; CREATE TEMP TABLE wanted (id INTEGER PRIMARY KEY)");
    for (const { boot, since, until } of spans) {
      for (const condition of LIVED_WITHIN) {
        db.prepare(`INSERT OR IGNORE INTO wanted SELECT id FROM past.life WHERE ${condition}`)
          .run(boot.id, since, until);
      }
      db.prepare(
        `INSERT INTO run SELECT id, boot, pid, since, max(kept, ?2),
          iif(id = last, ?3, min(seen, ?3)), iif(id = last, ?3, min(coalesce(ended, seen), ?3)),
          source, why, version, events, lost
          FROM past.run, (SELECT max(id) AS last FROM past.run WHERE boot = ?1 AND since < ?3)
          WHERE boot = ?1 AND since < ?3 AND (seen >= ?2 OR id = last)`,
      ).run(boot.id, Math.round(since), Math.round(until));
      if (hasJobs) db.prepare(JOBS).run(boot.id, since, until);
      db.prepare(GAPS).run(boot.id, since, until);
      db.prepare("INSERT INTO boot SELECT * FROM past.boot WHERE id = ?").run(boot.id);
      db.prepare("INSERT INTO clock SELECT * FROM past.clock WHERE boot = ?").run(boot.id);
    }
    db.exec(hasJobs ? COPY + COPY_JOBS : COPY);
    const [row] = db.prepare("SELECT count(*) AS n FROM life").all();
    db.exec("COMMIT");
    return Number(row!["n"]);
  } finally {
    db.close();
  }
}

const GAPS = "INSERT INTO gap SELECT * FROM past.gap WHERE boot = ? AND until >= ? AND since < ?";

const JOBS = `INSERT INTO job SELECT * FROM past.job
  WHERE boot = ? AND (until IS NULL OR until >= ?) AND since < ?`;

const COPY = `
INSERT OR IGNORE INTO wanted WITH RECURSIVE up (id) AS (
  SELECT parent FROM past.life WHERE id IN (SELECT id FROM wanted)
  UNION SELECT parent FROM past.life l JOIN up ON l.id = up.id
) SELECT id FROM up WHERE id IS NOT NULL;
INSERT INTO life SELECT * FROM past.life WHERE id IN (SELECT id FROM wanted);
INSERT INTO former SELECT * FROM past.former WHERE life IN (SELECT id FROM wanted);
INSERT INTO image SELECT * FROM past.image
  WHERE id IN (SELECT image FROM main.life UNION SELECT image FROM main.former);
UPDATE main.image SET latest = coalesce(
  (SELECT max(id) FROM main.life WHERE life.image = image.id AND exec IS NOT NULL),
  (SELECT max(life) FROM main.former WHERE former.image = image.id));
INSERT INTO text SELECT * FROM past.text WHERE id IN (
  SELECT argv FROM main.image UNION SELECT exe FROM main.image UNION SELECT cwd FROM main.image
  UNION SELECT cgroup FROM main.image UNION SELECT comm FROM main.image
  UNION SELECT env FROM main.image);
`;

const COPY_JOBS = `
INSERT INTO job_total SELECT * FROM past.job_total WHERE job IN (SELECT id FROM main.job);
INSERT INTO member SELECT * FROM past.member
  WHERE job IN (SELECT id FROM main.job) AND life IN (SELECT id FROM wanted);
`;
