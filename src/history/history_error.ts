/**
 * What can be wrong with a history file.
 *
 * @module
 */

/** Kinds of trouble with a file. */
export type HistoryTrouble =
  /** There is none. */
  | "missing"
  /** It is no history, damaged, from a newer version, a symbolic link, or closed to us. */
  | "unusable"
  /** Another recorder has it. */
  | "taken"
  /** There is no room; that may change. */
  | "full";

/** A history file that cannot be used, as a person wants to know it. */
export class HistoryError extends Error {
  readonly trouble: HistoryTrouble;
  /** What to do about it, as a sentence part. */
  readonly advice: string;

  /** `message` is what was seen, without a full stop. */
  constructor(trouble: HistoryTrouble, message: string, advice: string) {
    super(message);
    this.name = "HistoryError";
    this.trouble = trouble;
    this.advice = advice;
  }
}

/** SQLITE_FULL and its kin: https://sqlite.org/rescode.html */
const FULL = 13;
const IOERR = 10;
/** SQLITE_IOERR_READ and SQLITE_IOERR_SHORT_READ. */
const IOERR_READS = [266, 522];
const READONLY = 8;
const BUSY = 5;

/**
 * Whether an error of SQLite or of a file may pass: no room, a failed write, a lock. Runtimes that
 * hide the result code have its standard text in the message.
 */
export function mayPass(error: unknown): boolean {
  if (error instanceof HistoryError) return error.trouble === "full";
  const { errcode, message = "" } = error as { errcode?: number; message?: string };
  if (errcode !== undefined) return [FULL, IOERR, READONLY, BUSY].includes(errcode & 0xff);
  return /disk is full|disk I\/O error|readonly database|database is locked/.test(message);
}

/** Whether an error of SQLite came of writing: what is only read is not to blame. */
export function isOfWriting(error: unknown): boolean {
  const { errcode, message = "" } = error as { errcode?: number; message?: string };
  if (errcode === undefined) return /disk is full|disk I\/O error/.test(message);
  return [FULL, IOERR].includes(errcode & 0xff) && !IOERR_READS.includes(errcode);
}

/** Whether an error of SQLite says that somebody else holds the lock. */
export function isTaken(error: unknown): boolean {
  const { errcode, message = "" } = error as { errcode?: number; message?: string };
  return errcode !== undefined ? (errcode & 0xff) === BUSY : /database is locked/.test(message);
}

/** What a value of a file is not that it should be; `column` is its name. */
export function brokenValue(column: string, what: string): HistoryError {
  const advice = "no fh has written it so; choose another file by --db";
  return new HistoryError("unusable", `it is damaged: ${column} ${what}`, advice);
}

/** A file with something in it that fh did not write; `name` is its path, or `it`. */
export function damaged(name: string, what: string): HistoryError {
  const advice = name === "it"
    ? "move it away, and try .recover of sqlite3"
    : `move it away, and try sqlite3 ${name} .recover`;
  return new HistoryError("unusable", `${name} is damaged: ${what.split("\n").at(-1)}`, advice);
}

/** What SQLite says about a file, as a person wants to know it; other errors stay what they are. */
export function explainSql(name: string, error: unknown): unknown {
  if (error instanceof HistoryError) return error;
  const { code, message } = error as { code?: string; message: string };
  if (code === "ERR_OUT_OF_RANGE") return damaged(name, "a number is out of range");
  if (code?.startsWith("ERR_SQLITE") !== true && !/database|disk/.test(message)) return error;
  if (/not a database|malformed|corrupt|no such (?:table|column)|string or blob/.test(message)) {
    return damaged(name, message);
  }
  if (/readonly/.test(message)) {
    return new HistoryError("unusable", `${name} is read-only`, "choose another file by --db");
  }
  if (/full|disk I\/O/.test(message)) {
    return new HistoryError("full", `no room for ${name}: ${message}`, "make room on that disk");
  }
  const advice = "check who may read and write it, or choose another by --db";
  return new HistoryError("unusable", `${name}: ${message}`, advice);
}
