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

/** Writes all of `text`. */
export function writeAll(fd: number, text: string): void {
  const bytes = encoder.encode(text);
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

/**
 * Puts `text` in the place of the file at a path, in one step; throws an Error with what is wrong,
 * and waits for no reader of a pipe. The new file has that mode.
 */
export function replaceFile(path: string, text: string, mode = 0o600): void {
  const why = whyNotReplace(path);
  if (why !== null) throw new Error(why);
  const descriptor = descriptorOf(path);
  if (descriptor !== null) {
    writeAll(descriptor, text);
    return;
  }
  const found = look(path);
  if (found === null || found.isFile()) rename(path, text, mode);
  else hand(path, text);
}

/** Null where there is nothing, or nothing to be seen: writing will tell. */
function look(path: string): Stats | null {
  try {
    return lstatSync(path);
  } catch {
    return null;
  }
}

/** The file is whole when it appears under its name. */
function rename(path: string, text: string, mode: number): void {
  const made = join(dirname(path), `.${basename(path).slice(0, 100)}.${randomUUID()}`);
  const fd = createFile(made);
  try {
    writeAll(fd, text);
    // Whatever the umask is: a mode is given for whom the file is made.
    fchmodSync(fd, mode);
    renameSync(made, path);
  } catch (error) {
    rmSync(made, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** To a pipe that somebody reads, or a device. */
function hand(path: string, text: string): void {
  const fd = openSync(path, O_WRONLY | O_NONBLOCK | O_NOFOLLOW);
  try {
    const found = fstatSync(fd);
    if (!found.isFIFO() && !found.isCharacterDevice()) throw new Error("it was replaced meanwhile");
    writeAll(fd, text);
  } finally {
    closeSync(fd);
  }
}

/** Names under which a shell hands over what it has open. */
const DESCRIPTORS: Readonly<Record<string, number>> = { "/dev/stdout": 1, "/dev/stderr": 2 };

function descriptorOf(path: string): number | null {
  const [, number] = /^\/(?:dev|proc\/self)\/fd\/(\d{1,9})$/.exec(path) ?? [];
  return number === undefined ? DESCRIPTORS[path] ?? null : Number(number);
}
