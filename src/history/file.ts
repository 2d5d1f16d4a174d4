/**
 * Opening a history file: as its only recorder, or to ask it.
 *
 * @module
 */
import { chmodSync, closeSync, constants, lstatSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { checkFiles, checkSchema, GUARDS } from "./door.ts";
import { type FilePlace, PlacedFile } from "./file_place.ts";
import { damaged, explainSql, HistoryError, isTaken } from "./history_error.ts";
import { Ledger } from "./ledger.ts";
import { APPLICATION_ID, MIGRATIONS } from "./schema.ts";

/** A lock that ends with the process that holds it: SQLite's own, on an empty file beside. */
const LOCK_SUFFIX = "-lock";
/** SQLite's log of what is not in the file yet. */
const LOG_SUFFIX = "-wal";
/** And the index of that. */
const INDEX_SUFFIX = "-shm";
/** How long a writer waits for another program that writes. */
export const BUSY_MS = 5000;
/** Files up to this size are looked through at each start, larger ones after a crash. */
const CHECK_ALWAYS_BYTES = 256 << 20;
const WAL_LIMIT_BYTES = 16 << 20;
/** SQLite's page cache. */
export const CACHE_KIB: number = 16 << 10;
const OTHERS_WRITE = 0o022;

/** A history file in the hands of its recorder. */
export interface WritableHistory {
  readonly db: DatabaseSync;
  /** Whose the room in it is. */
  readonly ledger: Ledger;
  /** What has become of the file. */
  readonly place: FilePlace;
  /** Gives up the lock and closes the file. */
  close(): void;
}

/**
 * Opens a history file as its recorder, and creates it and its folder where they are missing.
 *
 * @throws {HistoryError} It is taken, or cannot be used.
 */
export function openForRecording(path: string): WritableHistory {
  prepareFile(path);
  const lock = takeLock(path);
  try {
    const db = openChecked(path, false);
    let ledger: Ledger;
    try {
      prepareSchema(path, db);
      ledger = new Ledger(db);
    } catch (error) {
      db.close();
      throw error;
    }
    const placed = new PlacedFile(path, [path + LOG_SUFFIX, path + LOCK_SUFFIX]);
    return {
      db,
      ledger,
      get place() {
        return placed.place;
      },
      close() {
        try {
          if (placed.place === "moved") finishMoved(path, db);
        } finally {
          db.close();
          lock.close();
          placed.close();
        }
      },
    };
  } catch (error) {
    lock.close();
    throw explainSql(path, error);
  }
}

/**
 * Opens a history file to read it.
 *
 * @throws {HistoryError} It is missing, or cannot be used.
 */
export function openForReading(path: string): DatabaseSync {
  try {
    statSync(path);
  } catch (error) {
    throw explainFile(path, error as NodeJS.ErrnoException);
  }
  try {
    const db = openChecked(path, true);
    if (versionOf(db) > 0) return db;
    db.close();
  } catch (error) {
    throw explainSql(path, error);
  }
  throw new HistoryError("missing", `${path} is empty`, "start fh record to fill it");
}

/** Makes sure that the file is there and that nobody else has put it there for us. */
export function prepareFile(path: string): void {
  const folder = dirname(path);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    checkFolder(folder);
    createOrCheck(path);
    createOrCheck(path + LOCK_SUFFIX);
  } catch (error) {
    if (error instanceof HistoryError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "ENOTDIR") {
      throw explainFile(path, error as NodeJS.ErrnoException);
    }
    const what = `cannot make ${path}: ${message.replace(/,.*/, "")}`;
    throw new HistoryError("unusable", what, "choose another by --db");
  }
}

function checkFolder(folder: string): void {
  const { mode, uid } = statSync(folder);
  const ours = uid === process.geteuid!() || uid === 0;
  // A sticky bit would keep our file, but not keep others from laying a log beside it.
  if (ours && (mode & OTHERS_WRITE) === 0) return;
  const message = `others may write to the folder ${folder}`;
  throw new HistoryError("unusable", message, `take that right away, or choose another by --db`);
}

function createOrCheck(path: string): void {
  try {
    const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } = constants;
    closeSync(openSync(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR, 0o600));
    chmodSync(path, 0o600);
    return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const file = lstatSync(path);
  const what = file.isSymbolicLink()
    ? "is a symbolic link"
    : !file.isFile()
    ? "is not a file"
    : file.uid !== process.geteuid!()
    ? `belongs to uid ${file.uid}`
    : file.nlink > 1
    ? "has a second name (a hard link)"
    : null;
  if (what === null) return;
  throw new HistoryError("unusable", `${path} ${what}`, "choose another by --db");
}

function takeLock(path: string): DatabaseSync {
  const lock = new DatabaseSync(path + LOCK_SUFFIX);
  try {
    // With its journal in memory it needs no room, and leaves nothing behind.
    lock.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock.close();
    if (!isTaken(error)) throw explainSql(path + LOCK_SUFFIX, error);
  }
  const pid = recorderOf(path);
  const who = pid === null ? "another recorder" : `the recorder with pid ${pid}`;
  throw new HistoryError("taken", `${who} writes to ${path}`, "stop it, or choose another by --db");
}

/** pid of the recorder that wrote to a file last; null when that cannot be told. */
function recorderOf(path: string): number | null {
  try {
    const db = openForReading(path);
    const row = db.prepare("SELECT pid FROM run ORDER BY id DESC LIMIT 1").get();
    db.close();
    return row === undefined ? null : Number(row["pid"]);
  } catch {
    return null; // It has only just begun, perhaps.
  }
}

/** Opens a file that is a history of this version or an earlier one, or empty. */
function openChecked(path: string, readOnly: boolean): DatabaseSync {
  checkFiles(path);
  const db = new DatabaseSync(path, { readOnly });
  try {
    // What refers to what is kept right by the writer; to have it checked costs a look per row.
    db.exec(`PRAGMA busy_timeout = ${BUSY_MS}; PRAGMA foreign_keys = OFF; ${GUARDS}`);
    const application = pragma(db, "application_id");
    const version = versionOf(db);
    if (version > MIGRATIONS.length) {
      const message = `${path} is of version ${version}, this fh knows ${MIGRATIONS.length}`;
      throw new HistoryError("unusable", message, "use a newer fh, or another file by --db");
    }
    const empty = application === 0 && version === 0 && pragma(db, "schema_version") === 0;
    if (application !== APPLICATION_ID && !empty) {
      const message = `${path} is a database, but no history of fh`;
      throw new HistoryError("unusable", message, "choose another file by --db");
    }
    if (version > 0) checkSchema(path, db, version);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function prepareSchema(path: string, db: DatabaseSync): void {
  const from = versionOf(db);
  if (from === 0) {
    keepPrivate(path);
    db.exec("PRAGMA auto_vacuum = INCREMENTAL");
  }
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
    PRAGMA journal_size_limit = ${WAL_LIMIT_BYTES}; PRAGMA cache_size = -${CACHE_KIB}`);
  if (from > 0) checkIntegrity(path, db);
  if (from === MIGRATIONS.length) return;
  db.exec("BEGIN IMMEDIATE");
  for (const migration of MIGRATIONS.slice(from)) db.exec(migration);
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${MIGRATIONS.length}`);
  db.exec("COMMIT");
}

/**
 * What becomes a history is its owner's alone, also where an empty file was there; the mode of a
 * history that is one already is what somebody has chosen.
 */
function keepPrivate(path: string): void {
  for (const suffix of ["", LOG_SUFFIX, INDEX_SUFFIX, LOCK_SUFFIX]) {
    const found = lstatSync(path + suffix, { throwIfNoEntry: false });
    if (found !== undefined) chmodSync(path + suffix, 0o600);
  }
}

function checkIntegrity(path: string, db: DatabaseSync): void {
  const last = db.prepare(
    "SELECT ended IS NOT NULL AS ended FROM run ORDER BY id DESC LIMIT 1",
  ).get();
  const bytes = pragma(db, "page_count") * pragma(db, "page_size");
  const clean = last === undefined || last["ended"] === 1;
  if (clean && bytes > CHECK_ALWAYS_BYTES) return;
  const [row] = db.prepare("PRAGMA quick_check(1)").all();
  const found = String(Object.values(row ?? {})[0]);
  if (found !== "ok") throw damaged(path, found);
}

/**
 * SQLite leaves the log of a file that was moved away where it is, with what stands in it alone,
 * and removes it when there is a new file: it has to go into the old one before.
 */
function finishMoved(path: string, db: DatabaseSync): void {
  const row = db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get();
  if (row === undefined || row["log"] === row["checkpointed"]) return;
  const message = `${path} was moved away, and somebody reads what still is to be written to it`;
  throw new HistoryError("unusable", message, `move ${path}-wal after it`);
}

function versionOf(db: DatabaseSync): number {
  return pragma(db, "user_version");
}

/** Value of a pragma that is a number. */
export function pragma(db: DatabaseSync, name: string): number {
  return Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
}

function explainFile(path: string, { code, message }: NodeJS.ErrnoException): HistoryError {
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new HistoryError("missing", `there is no ${path}`, "start fh record to have one");
  }
  if (code === "EACCES" || code === "EPERM") {
    const advice = "run as its owner or as root, or choose another file by --db";
    return new HistoryError("unusable", `${path} is closed to you`, advice);
  }
  if (code === "EROFS") {
    const message = `${path} is on a read-only file system`;
    return new HistoryError("unusable", message, "choose another file by --db");
  }
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new HistoryError("full", `no room for ${path}`, "make room on that disk");
  }
  return new HistoryError("unusable", `${path}: ${message}`, "choose another file by --db");
}
