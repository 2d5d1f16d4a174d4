/**
 * The log of a history file (SQLite's -wal): what is in it goes into the file before it takes more
 * than its part, and what cannot is waited for.
 *
 * @module
 */
import { statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { BUSY_MS, pragma } from "./file.ts";
import { HistoryError, mayPass } from "./history_error.ts";

/** What the log may take of the bytes of all; the default of SQLite for what goes into the file. */
const LOG_MAX = 16 << 20;
const LOG_PAGES = 1000;
/** What is written at once: bytes, and of the bytes of all. */
const AT_ONCE_MAX = 8 << 20;
const AT_ONCE_SHARE = 1 / 8;
/** Readers are waited for so long: most questions take less. */
const PATIENCE_MS = 20;
/** After somebody was waited for in vain, it is not tried again for so long. */
const PAUSE_MS = 200;

/** Keeps the log of a file that this thread writes small. */
export class LogFile {
  /** Bytes that it may take, while nobody reads for long. */
  readonly maxBytes: number;
  /** Bytes that are written at once, before anything can be done about it. */
  readonly atOnce: number;
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #allBytes: number;
  readonly #pageBytes: number;
  #triedAt = -Infinity;

  /** `allBytes` are for the file and its log together. */
  constructor(db: DatabaseSync, allBytes: number) {
    this.#db = db;
    this.#allBytes = allBytes;
    this.#path = String(db.prepare("PRAGMA database_list").get()!["file"]);
    this.#pageBytes = pragma(db, "page_size");
    this.maxBytes = Math.floor(Math.min(LOG_MAX, allBytes / 4));
    this.atOnce = Math.floor(Math.min(AT_ONCE_MAX, allBytes * AT_ONCE_SHARE));
    // Half of it is there before it goes into the file, and what is written at once comes on top.
    const pages = Math.min(LOG_PAGES, Math.floor(this.maxBytes / 2 / this.#pageBytes));
    db.exec(`PRAGMA journal_size_limit = ${this.maxBytes}; PRAGMA wal_autocheckpoint = ${pages}`);
  }

  /** Bytes that it takes on the disk. */
  get bytes(): number {
    return statSync(`${this.#path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  }

  /**
   * Empties it where it has become half as large as it may be: what SQLite has put into the file
   * by itself stays in the log, too, as long as one question follows the other.
   */
  tend(): void {
    if (this.bytes < this.maxBytes / 2) return;
    if (performance.now() < this.#triedAt + PAUSE_MS) return;
    this.#empty();
  }

  /**
   * Throws HistoryError (full) where more would be more than file and log may take together, since
   * somebody reads what is in the log for long.
   */
  checkRoom(): void {
    const bytes = this.bytes + this.atOnce;
    if (bytes <= this.maxBytes || this.#fileBytes + bytes <= this.#allBytes) return;
    if (this.#empty()) return;
    const message = "its log is full, and somebody reads what is in it";
    throw new HistoryError("full", message, "end who reads it for so long");
  }

  get #fileBytes(): number {
    return pragma(this.#db, "page_count") * this.#pageBytes;
  }

  /** Whether all of it went into the file, so that nothing is left of it. */
  #empty(): boolean {
    const done = this.#checkpoint();
    this.#triedAt = done ? -Infinity : performance.now();
    return done;
  }

  #checkpoint(): boolean {
    try {
      this.#db.exec(`PRAGMA busy_timeout = ${PATIENCE_MS}`);
      const row = this.#db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get();
      return Number(row?.["busy"]) === 0;
    } catch (error) {
      if (mayPass(error)) return false;
      throw error;
    } finally {
      this.#db.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
    }
  }
}
