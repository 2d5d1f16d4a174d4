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
const READONLY = 8;
const BUSY = 5;

/**
 * Whether an error of SQLite may pass: no room, a failed write, a lock. Runtimes that hide the
 * result code have its standard text in the message.
 */
export function mayPass(error: unknown): boolean {
  const { errcode, message = "" } = error as { errcode?: number; message?: string };
  if (errcode !== undefined) return [FULL, IOERR, READONLY, BUSY].includes(errcode & 0xff);
  return /disk is full|disk I\/O error|readonly database|database is locked/.test(message);
}

/** Whether an error of SQLite says that somebody else holds the lock. */
export function isTaken(error: unknown): boolean {
  const { errcode, message = "" } = error as { errcode?: number; message?: string };
  return errcode !== undefined ? (errcode & 0xff) === BUSY : /database is locked/.test(message);
}
