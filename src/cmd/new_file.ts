/**
 * Files that a command writes: for nobody else to read, through no link, and over nothing but an
 * ordinary file that was to be written again.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  type Stats,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;
const encoder = new TextEncoder();

/** Makes a file, open for writing; throws EEXIST where anything is there, be it a link. */
export function createFile(path: string): number {
  return openSync(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0o600);
}

/** Writes all of a text, or of bytes. */
export function writeAll(fd: number, text: string | Uint8Array): void {
  const bytes = typeof text === "string" ? encoder.encode(text) : text;
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
}

/**
 * Why nothing may be written in the place of what is at a path; null when it may. Pipes and
 * devices of characters take what is written, an ordinary file is replaced.
 */
export function whyNotReplace(path: string): string | null {
  if (descriptorOf(path) !== null) return null;
  const found = look(path);
  if (found === null || found.isFile() || found.isFIFO() || found.isCharacterDevice()) return null;
  if (found.isSymbolicLink()) return "it is a symbolic link";
  return found.isDirectory() ? "it is a folder" : "it is no file";
}

/** Text that is gathered before it is written. */
const PIECE = 64 << 10;

/**
 * Puts a text, or all pieces of one or of bytes, in the place of the file at a path, in one step;
 * throws an Error with what is wrong, and waits for no reader of a pipe. A new file has that mode.
 */
export function replaceFile(
  path: string,
  text: string | Iterable<string | Uint8Array>,
  mode = 0o600,
): void {
  const file = Replacement.open(path, mode);
  try {
    let gathered = "";
    for (const piece of typeof text === "string" ? [text] : text) {
      if (typeof piece !== "string") file.write(piece);
      else gathered += piece;
      if (gathered.length < PIECE) continue;
      file.write(gathered);
      gathered = "";
    }
    file.write(gathered);
    file.finish();
  } finally {
    file.close();
  }
}

/** A file that takes the place of another when it is whole; what it throws is an Error. */
export class Replacement {
  readonly #fd: number;
  readonly #path: string;
  readonly #mode: number;
  /** Where it is made; null for what is written to as it stands. */
  #made: string | null;
  readonly #isOurs: boolean;

  private constructor(
    fd: number,
    path: string,
    mode: number,
    made: string | null,
    isOurs: boolean,
  ) {
    this.#fd = fd;
    this.#path = path;
    this.#mode = mode;
    this.#made = made;
    this.#isOurs = isOurs;
  }

  /** Begins one; a pipe that somebody reads, a device and a descriptor are written to at once. */
  static open(path: string, mode = 0o600): Replacement {
    const why = whyNotReplace(path);
    if (why !== null) throw new Error(why);
    const descriptor = descriptorOf(path);
    if (descriptor !== null) return new Replacement(descriptor, path, mode, null, false);
    const found = look(path);
    if (found === null || found.isFile()) {
      const made = join(dirname(path), `.${basename(path).slice(0, 100)}.${randomUUID()}`);
      return new Replacement(createFile(made), path, mode, made, true);
    }
    return new Replacement(openPipe(path), path, mode, null, true);
  }

  /** Adds a text, or bytes. */
  write(text: string | Uint8Array): void {
    writeAll(this.#fd, text);
  }

  /** It is whole, and appears under its name. */
  finish(): void {
    if (this.#made === null) return;
    // Whatever the umask is: a mode is given for whom the file is made.
    fchmodSync(this.#fd, this.#mode);
    renameSync(this.#made, this.#path);
    this.#made = null;
  }

  /** Closes it; one that was not finished is gone. */
  close(): void {
    if (this.#made !== null) rmSync(this.#made, { force: true });
    if (this.#isOurs) closeSync(this.#fd);
  }
}

/** Null where there is nothing, or nothing to be seen: writing will tell. */
function look(path: string): Stats | null {
  try {
    return lstatSync(path);
  } catch {
    return null;
  }
}

/** A pipe that somebody reads, or a device. */
function openPipe(path: string): number {
  const fd = openSync(path, O_WRONLY | O_NONBLOCK | O_NOFOLLOW);
  const found = fstatSync(fd);
  if (found.isFIFO() || found.isCharacterDevice()) return fd;
  closeSync(fd);
  throw new Error("it was replaced meanwhile");
}

/** Names under which a shell hands over what it has open. */
const DESCRIPTORS: Readonly<Record<string, number>> = { "/dev/stdout": 1, "/dev/stderr": 2 };

function descriptorOf(path: string): number | null {
  const [, number] = /^\/(?:dev|proc\/self)\/fd\/(\d{1,9})$/.exec(path) ?? [];
  return number === undefined ? DESCRIPTORS[path] ?? null : Number(number);
}
