/**
 * Up to where a history was shipped to a place that cannot tell: a small file for each place, in a
 * folder of who ships.
 *
 * @module
 */
import { createHash } from "node:crypto";
import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { CommandError, EXIT } from "../fault.ts";
import { type Cursor, SinkAway, type Who } from "./sink.ts";

/** Digits of the names of these files. */
const NAME_DIGITS = 16;
const VERSION = 1;

/** Where to go on, and who is to be told of again. */
export interface Standing {
  readonly cursor: Cursor;
  readonly open: readonly Who[];
}

/** What stands in the file, as JSON. */
interface Kept {
  readonly version: number;
  /** For people who look at it. */
  readonly target: string;
  readonly history: string;
  readonly cursor: Cursor;
  /** Boots, and of each the pids and births of its open lives by turns. */
  readonly open: readonly (readonly [bootId: string, flat: readonly number[]])[];
}

/** The file of one history and one place. What it cannot write it knows until it can. */
export class Progress {
  readonly path: string;
  readonly #target: string;
  readonly #history: string;
  #standing: Standing | null = null;
  /** The text that the file has; null: it is not read yet, or there is none. */
  #written: string | null = null;
  /** Which file was read or written last; null: there was none. */
  #mark: string | null = null;
  #isRead = false;

  /** `target` has nothing secret in it. */
  constructor(folder: string, target: string, history: string) {
    const hash = createHash("sha256").update(`${target}\0${history}`).digest("hex");
    this.path = join(folder, `${hash.slice(0, NAME_DIGITS)}.json`);
    this.#target = target;
    this.#history = history;
  }

  /**
   * How it stands; null: nothing was shipped. Throws CommandError where the file is of no use, or
   * could not be written: what is sent then would be sent again and again.
   */
  read(): Standing | null {
    if (this.#isRead) return this.#standing;
    try {
      mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
      accessSync(dirname(this.path), constants.W_OK);
    } catch (error) {
      throw this.#failure("write", error);
    }
    let text: string;
    try {
      text = readFileSync(this.path, "utf8");
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "ENOENT") throw this.#failure("read", error);
      this.#isRead = true;
      return null;
    }
    const kept = parsed(text);
    if (kept === null) {
      const advice = "remove it to ship all of the history again";
      throw new CommandError(EXIT.failed, `${this.path} does not say how far it came; ${advice}`);
    }
    this.#mark = this.#markNow();
    this.#written = text;
    this.#isRead = true;
    this.#standing = { cursor: kept.cursor, open: unfolded(kept.open) };
    return this.#standing;
  }

  /** It stands so from now on, whether that can be written or not. Throws as settle() does. */
  write(standing: Standing): void {
    this.#standing = standing;
    this.settle();
  }

  /**
   * Writes what is not written yet. Throws SinkAway where that may be possible later, CommandError
   * where somebody else has written the file.
   */
  settle(): void {
    if (this.#standing === null) return;
    const { cursor, open } = this.#standing;
    const [target, history] = [this.#target, this.#history];
    const kept: Kept = { version: VERSION, target, history, cursor, open: folded(open) };
    const text = `${JSON.stringify(kept)}\n`;
    if (text === this.#written) return;
    const mark = this.#markNow();
    if (mark !== null && mark !== this.#mark) {
      const advice = "end one of them";
      throw new CommandError(EXIT.failed, `Another fh ships to ${this.#target}; ${advice}`);
    }
    try {
      this.#replace(text);
    } catch (error) {
      throw this.#failure("write", error);
    }
    this.#written = text;
    this.#mark = this.#markNow();
  }

  /** After a crash of the machine there is the old file or the new one, each whole. */
  #replace(text: string): void {
    const folder = dirname(this.path);
    const made = `${this.path}.new`;
    rmSync(made, { force: true });
    const fd = openSync(made, "wx", 0o600);
    try {
      writeAll(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(made, this.path);
    const folderFd = openSync(folder, "r");
    try {
      fsyncSync(folderFd);
    } finally {
      closeSync(folderFd);
    }
  }

  /** What no two files of that name have in common. */
  #markNow(): string | null {
    const found = statSync(this.path, { throwIfNoEntry: false, bigint: true });
    return found === undefined ? null : `${found.ino} ${found.mtimeNs}`;
  }

  #failure(verb: string, error: unknown): CommandError {
    const { code, message } = error as NodeJS.ErrnoException;
    const what = `Cannot ${verb} ${this.path}: ${code ?? message}`;
    if (code !== "ENOSPC" && code !== "EDQUOT" && code !== "EIO") {
      return new CommandError(EXIT.failed, `${what}; see its folder`);
    }
    return new SinkAway(EXIT.failed, `${what}; make room there`);
  }
}

function writeAll(fd: number, text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
}

function folded(open: readonly Who[]): Kept["open"] {
  return [...Map.groupBy(open, ({ bootId }) => bootId)]
    .map(([bootId, lives]) => [bootId, lives.flatMap(({ pid, born }) => [pid, born])]);
}

function unfolded(open: Kept["open"]): Who[] {
  return open.flatMap(([bootId, flat]) =>
    flat.flatMap((pid, at) => at % 2 === 0 ? [{ bootId, pid, born: flat[at + 1]! }] : [])
  );
}

function parsed(text: string): Kept | null {
  let kept: Partial<Kept> | null;
  try {
    kept = JSON.parse(text);
  } catch {
    return null;
  }
  const { version, cursor, open } = kept ?? {};
  if (version !== VERSION || !isCursor(cursor) || !Array.isArray(open)) return null;
  return open.every(isFolded) ? kept as Kept : null;
}

function isCursor(cursor: Partial<Cursor> | undefined): boolean {
  const { last, boot_id, pid, born, gap } = cursor ?? {};
  return typeof boot_id === "string" && [last, pid, born, gap].every(Number.isFinite);
}

function isFolded(one: unknown): boolean {
  if (!Array.isArray(one) || one.length !== 2 || typeof one[0] !== "string") return false;
  const flat = one[1];
  return Array.isArray(flat) && flat.length % 2 === 0 && flat.every(Number.isFinite);
}
