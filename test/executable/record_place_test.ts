/** A history file that is deleted, moved or replaced under its recorder is noticed and said. */
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { temporaryFolder } from "../support/at_end.ts";
import { integrityOf, readRuns, startRecorder } from "../support/recorded.ts";
import { Running } from "../support/running.ts";

const top = temporaryFolder("fh-place-");

/** What a file has of a process; null when there is no such file now. */
function known(db: string, pid: number): string | null {
  let file: DatabaseSync;
  try {
    file = new DatabaseSync(db, { readOnly: true });
  } catch {
    return null;
  }
  try {
    const row = file.prepare("SELECT state FROM process WHERE pid = ? ORDER BY life DESC").get(pid);
    return row === undefined ? null : String(row["state"]);
  } catch {
    return null; // It has only just begun.
  } finally {
    file.close();
  }
}

/** Does something to the file of a recorder; what it says of it is awaited. */
async function lose(
  name: string,
  said: string,
  act: (folder: string, db: string) => void,
): Promise<string> {
  const folder = join(top, name);
  mkdirSync(folder, { mode: 0o700 });
  const db = join(folder, "history.db");
  await using before = Running.start(["sleep", "1000"]);
  await using fh = await startRecorder(db, ["--source", "poll", "--no-socket"]);
  await fh.until("the process in the file", () => known(db, before.pid) === "running");
  act(folder, db);
  await fh.until("word of it", () => fh.stderr.includes(said));
  await fh.until("the living in the new file", () => known(db, before.pid) === "running");
  await using later = Running.start(["sleep", "1000"]);
  await fh.until("what came later", () => known(db, later.pid) === "running");
  const { status, stderr } = await fh.end("SIGTERM");
  assert.equal(status, 0, stderr);
  assert.equal(stderr.split(said).length, 2, "it is said once");
  const file = new DatabaseSync(db, { readOnly: true });
  assert.equal(integrityOf(file), "ok");
  const runs = readRuns(file);
  assert.ok(runs.at(-1)!["ended"] !== null);
  file.close();
  assert.equal(statSync(db).mode & 0o777, 0o600);
  return folder;
}

test("a file that is deleted", async () => {
  await lose("deleted", "was deleted, and all that it had with it", (_, db) => rmSync(db));
});

test("a file that is deleted with its log and its lock", async () => {
  await lose("all", "was deleted, and all that it had with it", (_, db) => {
    for (const suffix of ["", "-wal", "-shm", "-lock"]) rmSync(db + suffix);
  });
});

test("a file that is moved away keeps what it had", async () => {
  const folder = await lose("moved", "was moved away or replaced", (folder, db) => {
    renameSync(db, join(folder, "old.db"));
  });
  const old = new DatabaseSync(join(folder, "old.db"), { readOnly: true });
  assert.equal(integrityOf(old), "ok");
  assert.ok(readRuns(old)[0]!["ended"] !== null, "its run has ended");
  old.close();
});

test("a folder that is deleted or moved", async () => {
  await lose("folder", "was deleted, and all that it had with it", (folder) => {
    rmSync(folder, { recursive: true });
  });
  await lose("away", "was moved away or replaced", (folder) => renameSync(folder, `${folder}.old`));
});

test("a file that another one replaces is not written to any more", async () => {
  await lose("replaced", "was deleted, and all that it had with it", (folder, db) => {
    const other = new DatabaseSync(join(folder, "other.db"));
    other.close();
    chmodSync(join(folder, "other.db"), 0o600);
    renameSync(join(folder, "other.db"), db);
  });
});

test("a log that is deleted costs nothing", async () => {
  await lose("log", "the log or the lock", (_, db) => rmSync(`${db}-wal`));
});

test("where there is no place for a new file, it is said and tried again", async () => {
  const folder = join(top, "none");
  mkdirSync(folder, { mode: 0o700 });
  const db = join(folder, "history.db");
  await using fh = await startRecorder(db, ["--source", "poll", "--no-socket"]);
  rmSync(folder, { recursive: true });
  // A folder to which others may write is no place.
  mkdirSync(folder);
  chmodSync(folder, 0o777);
  await fh.until("word of it", () => fh.stderr.includes("others may write to the folder"));
  chmodSync(folder, 0o700);
  await fh.until("a new file", () => fh.stderr.includes("goes to a new one from now on"));
  const { status, stderr } = await fh.end("SIGTERM");
  assert.equal(status, 0, stderr);
  assert.equal(stderr.split("others may write").length, 2, "it is said once");
});
