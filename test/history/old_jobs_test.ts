import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openForRecording } from "../../src/history/file.ts";
import { JOBS_PART } from "../../src/history/ledger.ts";
import { OldJobs } from "../../src/history/old_jobs.ts";
import { Retention } from "../../src/history/retention.ts";

/** A database that counts the jobs that are gone through one by one. */
function countingRows(db: DatabaseSync, rows: { count: number }): DatabaseSync {
  return new Proxy(db, {
    get(target, name) {
      if (name !== "prepare") return Reflect.get(target, name).bind(target);
      return (sql: string) => {
        const statement = target.prepare(sql);
        const iterate = statement.iterate.bind(statement);
        statement.iterate = function* (...values: Parameters<typeof iterate>) {
          for (const row of iterate(...values)) {
            rows.count++;
            yield row;
          }
        } as typeof statement.iterate;
        return statement;
      };
    },
  });
}

/** A file with jobs that have ended: `[boot, owner, how many]`, one kind after the other. */
function fileWithJobs(
  ...kinds: readonly (readonly [boot: number, owner: number, count: number])[]
) {
  const folder = mkdtempSync(join(tmpdir(), "fh-old-jobs-"));
  const file = openForRecording(join(folder, "history.db"));
  file.db.exec(
    "PRAGMA foreign_keys = OFF; INSERT INTO boot (id, boot_id) VALUES (1, '" + "0".repeat(32) +
      "')",
  );
  const add = file.db.prepare(
    `INSERT INTO job (name, owner, boot, since, until, started, lost)
      VALUES ('x', ?, ?, 1, 2, 0, 0)`,
  );
  file.ledger.write(() => {
    for (const [boot, owner, count] of kinds) {
      for (let i = 0; i < count; i++) add.run(owner, boot);
      file.ledger.charge(JOBS_PART, owner, count * 100);
    }
  });
  const count = () => Number(file.db.prepare("SELECT count(*) AS n FROM job").get()!["n"]);
  const close = () => {
    file.close();
    rmSync(folder, { recursive: true });
  };
  return { ...file, count, close };
}

test("room among jobs is made without going through those of others again and again", () => {
  const file = fileWithJobs([1, 1000, 4000], [1, 2000, 8000]);
  const rows = { count: 0 };
  const jobs = new OldJobs(countingRows(file.db, rows), file.ledger, 8 * 100 * 8500);
  while (jobs.shrink());
  assert.ok(file.count() <= 8500);
  assert.ok(rows.count <= 12_000, `${rows.count} jobs were looked at`);
  file.close();
});

test("jobs of boots that are forgotten go in slices of time, and go on in the next", () => {
  const most = 40_000;
  const file = fileWithJobs([77, 1000, most]);
  const limits = { keepMs: Infinity, maxBytes: 1 << 30 };
  const retention = new Retention(file.db, limits, file.ledger, () => {});
  const now = Date.now();
  retention.work(now);
  assert.ok(file.count() > 0, "all in one slice");
  for (let turn = 1; file.count() > 0; turn++) {
    assert.ok(turn < most / 100, "no progress");
    retention.work(now + turn);
  }
  file.close();
});
