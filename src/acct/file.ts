/**
 * Reads accounting files piece by piece: they may be longer than memory, or a pipe.
 *
 * @module
 */
import { type FileHandle, open } from "node:fs/promises";
import { CommandError, EXIT } from "../fault.ts";
import { Breath } from "../steps.ts";
import { ACCT_SIZE, AcctRecord } from "../wire/acct.ts";

/** A whole number of records. */
const PIECE = 256 << 10;

/** What came of reading a file. */
export interface AccountReading {
  /** Records that were read. */
  readonly records: number;
  /** Bytes of the file. */
  readonly bytes: number;
  /** What could not be read, as the end of a sentence; null when all could. */
  readonly damage: string | null;
}

/** What is done with the records. */
export interface AccountReader {
  /** The record is filled again after that. */
  onRecord(record: AcctRecord): void;
  /** After each piece of the file; reading goes on when it has resolved. */
  onPiece?(): Promise<void>;
}

/**
 * Reads all records, or those up to an abort. A record that is damaged is passed over: a crash
 * leaves zeros in the middle of a file, and the records after them are good again.
 *
 * @throws {CommandError} The file cannot be read, or is no accounting file.
 */
export async function readAccounts(
  path: string,
  signal: AbortSignal,
  reader: AccountReader,
): Promise<AccountReading> {
  const record = new AcctRecord();
  const held = new Uint8Array(PIECE);
  const view = new DataView(held.buffer);
  const damage = new Damage();
  const breath = new Breath(signal);
  /** Bytes of the file before those in `held`, bytes in it, records so far. */
  let [before, length, records] = [0, 0, 0];
  for await (const piece of readPieces(path, "accounting file", signal, ACCT_SIZE)) {
    held.set(piece, length);
    length += piece.length;
    const end = length - length % ACCT_SIZE;
    for (let at = 0; at < end; at += ACCT_SIZE) {
      if (breath.due) await breath.turn();
      if (signal.aborted) return { records, bytes: before + at, damage: damage.words() };
      const error = tryRead(record, view, at);
      if (error === null) {
        records++;
        reader.onRecord(record);
      } else if (before + at === 0) {
        throw foreign(path, error);
      } else {
        damage.add(before + at, error);
      }
    }
    held.copyWithin(0, end, length);
    before += end;
    length -= end;
    await reader.onPiece?.();
  }
  if (length > 0 && !signal.aborted) damage.cut(before, length, isBegun(held, length));
  if (before === 0 && length > 0 && !isBegun(held, length)) throw foreign(path, "it is too short");
  return { records, bytes: before + length, damage: damage.words() };
}

/** Null when there is a record, else what stands there instead. */
function tryRead(record: AcctRecord, view: DataView, at: number): string | null {
  try {
    record.read(view, at);
    return null;
  } catch (error) {
    return seenIn(error);
  }
}

function seenIn(error: unknown): string {
  const { message } = error as Error;
  return message.slice(message.indexOf(": ") + 2);
}

/** Whether what was cut off begins like a record. */
function isBegun(bytes: Uint8Array, length: number): boolean {
  const whole = new Uint8Array(ACCT_SIZE);
  whole.set(bytes.subarray(0, length));
  return length > 1 && tryRead(new AcctRecord(), new DataView(whole.buffer), 0) === null;
}

function foreign(path: string, seen: string): CommandError {
  const what = `Cannot read accounting file ${path}: it does not begin with a record: ${seen}`;
  return new CommandError(EXIT.failed, `${what}; give a file that accton(8) had written`);
}

/** What of a file is no record. */
class Damage {
  #count = 0;
  #first = "";
  #cut = "";

  add(at: number, seen: string): void {
    if (this.#count++ === 0) this.#first = `at byte ${at} stands no record: ${seen}`;
  }

  cut(at: number, length: number, begun: boolean): void {
    const what = begun ? "the last record" : "the rest";
    this.#cut = `${what}, at byte ${at}, has only ${length} of ${ACCT_SIZE} bytes`;
  }

  words(): string | null {
    const more = this.#count > 1 ? ` (the first of ${this.#count} such places)` : "";
    const parts = [this.#count > 0 ? this.#first + more : "", this.#cut];
    return parts.filter((part) => part !== "").join("; ") || null;
  }
}

/**
 * The bytes of a file, in pieces that leave `spare` bytes of 256 KiB; each is good until the next
 * is asked for. Ends when `signal` is aborted, also while it waits for a pipe.
 *
 * @throws {CommandError} The file cannot be read; `what` says what it should be.
 */
export async function* readPieces(
  path: string,
  what: string,
  signal: AbortSignal,
  spare = 0,
): AsyncGenerator<Uint8Array, void> {
  const stopped = new Promise<null>((resolve) => {
    if (signal.aborted) resolve(null);
    signal.addEventListener("abort", () => resolve(null), { once: true });
  });
  const orStopped = <T>(work: Promise<T>): Promise<T | null> => {
    const named = work.catch((error: unknown) => {
      throw unreadable(path, what, error);
    });
    // Nobody waits any longer for what fails after an abort.
    named.catch(() => {});
    return Promise.race([stopped, named]);
  };
  const opening = open(path);
  const file = await orStopped(opening);
  if (file === null) {
    closeLater(opening);
    return;
  }
  try {
    const buffer = new Uint8Array(PIECE - spare);
    while (!signal.aborted) {
      const read = await orStopped(file.read(buffer, 0, buffer.length, null));
      if (read === null || read.bytesRead === 0) return;
      yield buffer.subarray(0, read.bytesRead);
    }
  } finally {
    // An abort may have left a read behind, which closing would wait for.
    if (signal.aborted) closeLater(Promise.resolve(file));
    else await file.close();
  }
}

function closeLater(opening: Promise<FileHandle>): void {
  opening.then((file) => file.close()).catch(() => {});
}

/** Why a file could not be read, by its error number. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "it may not be read by you",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of its path is no folder",
  ELOOP: "its links lead in a circle",
  ENAMETOOLONG: "its name is too long",
};

function unreadable(path: string, what: string, error: unknown): CommandError {
  const { code = "", message } = error as NodeJS.ErrnoException;
  const advice = code === "EACCES" ? "ask its owner, or root" : "give another path";
  const why = REASONS[code] ?? message;
  return new CommandError(EXIT.failed, `Cannot read ${what} ${path}: ${why}; ${advice}`);
}
