/**
 * The listening socket: made, so that there is no moment in which anybody else may connect, or
 * taken over from a service manager.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
} from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { ERRNO, errnoName } from "../../ffi/errno.ts";
import type { Libc } from "../../ffi/libc.ts";
import { IOCTL, SOCKET } from "../../ffi/linux.ts";

const { AF_UNIX, SOCK_STREAM, SOCK_NONBLOCK, SOCK_CLOEXEC, SOL_SOCKET } = SOCKET;
/** sizeof(sun_path), uapi/linux/un.h, without the NUL byte at its end. */
const PATH_MAX = 107;
/** What a temporary name has beyond the final one: a point and six digits. */
const SUFFIX = 7;
/** Connections that wait to be accepted. */
const BACKLOG = 1024;
/** The first descriptor that sd_listen_fds(3) hands over. */
const LISTEN_FDS_START = 3;
const OTHERS_WRITE = 0o022;
const STICKY = 0o1000;
/** With this umask a socket is born with mode 0600. */
const ALL_BUT_OWN = 0o177;

/** What keeps a socket from being listened on. */
export type ListenTrouble =
  | "in use"
  | "not a socket"
  | "too long"
  | "refused"
  | "not listening"
  | "unsafe folder";

/** No socket to listen on; the message is a sentence without its full stop. */
export class ListenError extends Error {
  constructor(message: string, readonly trouble: ListenTrouble) {
    super(message);
    this.name = "ListenError";
  }
}

/** A socket that listens. Its descriptor does not block, and is closed at exec. */
export interface Listener {
  readonly fd: number;
  readonly path: string;
  /** Removes the path, unless somebody else listens there by now; does not close the descriptor. */
  remove(): void;
}

/**
 * Listens at `path` with mode 0600; with a group (its gid), with 0660. The folder is made where
 * only its last part is missing; where others could put something in our socket's place, nobody
 * listens. A socket that nobody listens on any more is replaced.
 *
 * @throws {ListenError}
 */
export function openListener(libc: Libc, path: string, group: number | null): Listener {
  requirePlace(libc, path, SUFFIX);
  const temporary = `${path}.${randomBytes((SUFFIX - 1) / 2).toString("hex")}`;
  const fd = libc.socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  requireDone(path, fd);
  let bound = false;
  try {
    requireDone(path, withUmask(ALL_BUT_OWN, () => libc.bind(fd, sockaddr(temporary))));
    bound = true;
    const own = attempt(path, () => lstatSync(temporary));
    requireOwn(path, own);
    // Nobody can connect before it listens: the rights are right from the first moment on.
    attempt(path, () => setRights(temporary, group));
    requireDone(path, libc.listen(fd, BACKLOG));
    attempt(path, () => renameSync(temporary, path));
    return { fd, path, remove: () => removeOwn(path, own) };
  } catch (error) {
    libc.close(fd);
    if (bound) unlinkSync(temporary);
    throw error;
  }
}

/**
 * Makes the folder of a socket as {@linkcode openListener} does, and looks at the place; `suffix`
 * is how much longer its temporary name is, in bytes.
 *
 * @throws {ListenError} Nobody may or can listen there, or somebody does.
 */
export function requirePlace(libc: Libc, path: string, suffix: number): void {
  const most = PATH_MAX - suffix;
  if (new TextEncoder().encode(path).length > most) {
    const message = `Cannot listen on ${path}: longer than ${most} bytes; choose a shorter path`;
    throw new ListenError(message, "too long");
  }
  attempt(path, () => makeFolder(dirname(path)));
  requireSafe(path);
  requireFree(libc, path);
}

/**
 * Descriptors that a service manager handed over, as sd_listen_fds(3) describes it; none when
 * they are not for this process. They are made not to block, and to be closed at exec.
 *
 * @throws {ListenError} One of them is no Unix stream socket that listens.
 */
export function inheritedListeners(
  libc: Libc,
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
): number[] {
  const { LISTEN_PID = "", LISTEN_FDS = "" } = env;
  if (LISTEN_PID !== String(pid) || !/^\d{1,4}$/.test(LISTEN_FDS)) return [];
  const fds = Array.from({ length: Number(LISTEN_FDS) }, (_, n) => LISTEN_FDS_START + n);
  for (const fd of fds) {
    const is = (name: number, wanted: number) => optionOf(libc, fd, name) === wanted;
    const { SO_DOMAIN, SO_TYPE, SO_ACCEPTCONN } = SOCKET;
    if (is(SO_DOMAIN, AF_UNIX) && is(SO_TYPE, SOCK_STREAM) && is(SO_ACCEPTCONN, 1)) continue;
    const message = `Cannot listen on descriptor ${fd} from LISTEN_FDS: ` +
      "it is no Unix stream socket that listens; use ListenStream= with a path";
    throw new ListenError(message, "not listening");
  }
  for (const fd of fds) {
    libc.ioctl(fd, IOCTL.FIONBIO, new Uint8Array(new Int32Array([1]).buffer));
    libc.ioctl(fd, IOCTL.FIOCLEX, new Uint8Array(4));
  }
  return fds;
}

function optionOf(libc: Libc, fd: number, name: number): number {
  const value = new Int32Array(1);
  const result = libc.getsockopt(fd, SOL_SOCKET, name, new Uint8Array(value.buffer));
  return result < 0 ? result : value[0]!;
}

/** struct sockaddr_un */
function sockaddr(path: string): Uint8Array {
  const bytes = new TextEncoder().encode(`${path}\0`);
  const address = new Uint8Array(new ArrayBuffer(2 + bytes.length));
  address[0] = AF_UNIX;
  address.set(bytes, 2);
  return address;
}

/** The umask takes from the mode of mkdir(2); a chmod(2) afterwards could meet another folder. */
function makeFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false }) !== undefined) return;
  withUmask(OTHERS_WRITE, () => mkdirSync(folder, 0o755));
}

/** The umask is the process's: what other threads make meanwhile has these rights at most. */
function withUmask<T>(umask: number, act: () => T): T {
  const before = process.umask(umask);
  try {
    return act();
  } finally {
    process.umask(before);
  }
}

/**
 * Throws where others could rename or remove our socket, or lay another name in its place. Where
 * the folder is sticky they cannot.
 */
function requireSafe(path: string): void {
  const folder = dirname(path);
  const { mode, uid } = attempt(path, () => statSync(folder));
  const isOurs = uid === process.geteuid!() || uid === 0;
  if (isOurs && ((mode & OTHERS_WRITE) === 0 || (mode & STICKY) !== 0)) return;
  const message = isOurs
    ? `others may write to the folder ${folder}; take that right away, or choose another path`
    : `the folder ${folder} belongs to uid ${uid}; choose another path`;
  throw new ListenError(`Cannot listen on ${path}: ${message}`, "unsafe folder");
}

/** Throws unless what has the temporary name is what bind(2) has just made. */
function requireOwn(path: string, there: Stats): void {
  if (there.isSocket() && there.uid === process.geteuid!() && there.nlink === 1) return;
  const message = `Cannot listen on ${path}: somebody else writes to its folder; choose another`;
  throw new ListenError(message, "unsafe folder");
}

/**
 * The name is that of our socket, and in a safe folder nobody else can change that. A folder with
 * a default access control list (acl(5)) has the umask ignored, so the mode is always set.
 */
function setRights(socket: string, group: number | null): void {
  if (group !== null) lchownSync(socket, -1, group);
  chmodSync(socket, group === null ? 0o600 : 0o660);
}

/** Throws unless nothing is there, or a socket that nobody listens on. */
function requireFree(libc: Libc, path: string): void {
  const there = attempt(path, () => lstatSync(path, { throwIfNoEntry: false }));
  if (there === undefined) return;
  if (!there.isSocket()) {
    const message = `Cannot listen on ${path}: it exists and is no socket; remove it`;
    throw new ListenError(message, "not a socket");
  }
  const fd = libc.socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  requireDone(path, fd);
  const answer = libc.connect(fd, sockaddr(path));
  libc.close(fd);
  if (answer === -ERRNO.ECONNREFUSED || answer === -ERRNO.ENOENT) return;
  // A full queue (EAGAIN) and a socket of another type (EPROTOTYPE) have an owner too.
  if (answer === -ERRNO.EACCES || answer === -ERRNO.EPERM) requireDone(path, answer);
  const message = `Cannot listen on ${path}: somebody listens there; end that program first`;
  throw new ListenError(message, "in use");
}

function removeOwn(path: string, own: Stats): void {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there?.ino === own.ino && there.dev === own.dev) unlinkSync(path);
}

function requireDone(path: string, result: number): void {
  if (result < 0) throw refused(path, errnoName(-result));
}

/** Does something with files; what node:fs throws becomes a {@linkcode ListenError}. */
function attempt<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw refused(path, code ?? message);
  }
}

function refused(path: string, seen: string): ListenError {
  const message = `Cannot listen on ${path}: ${seen}; choose another path, or make its folder`;
  return new ListenError(message, "refused");
}
