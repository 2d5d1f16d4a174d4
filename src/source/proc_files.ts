/**
 * /proc through libc, for the capture thread: reused buffers, no exceptions, no strings.
 *
 * @module
 */
import type { Libc } from "../../ffi/libc.ts";
import { FCNTL } from "../../ffi/linux.ts";
import { decodeText, IMAGE_LAYOUT } from "../model/image.ts";
import { cutBetweenCharacters } from "../model/text_cut.ts";
import { findLength, PROC_TEXT_MAX } from "../proc/bounds.ts";
import { realUidOf } from "../proc/status.ts";

const { header: HEADER, absent: ABSENT, more: MORE } = IMAGE_LAYOUT;
const { O_RDONLY, O_CLOEXEC, O_DIRECTORY, O_PATH, AT_FDCWD } = FCNTL;
const encoder = new TextEncoder();

function cString(text: string): Uint8Array {
  return encoder.encode(text + "\0");
}

/** Names of files in /proc/PID, as libc takes them. */
const NAME = {
  cmdline: cString("cmdline"),
  comm: cString("comm"),
  exe: cString("exe"),
  cwd: cString("cwd"),
  cgroup: cString("cgroup"),
  environ: cString("environ"),
  schedstat: cString("schedstat"),
  stat: cString("stat"),
  status: cString("status"),
} as const;

/** Name of a file in /proc/PID. */
export type ProcFile = keyof typeof NAME;

/** What is wanted of the image of a process. */
export interface ImageWishes {
  /** Names of environment variables. */
  readonly env?: readonly string[];
  /** A command line and a name, and no more. */
  readonly lean?: boolean | undefined;
  /** Bytes of a command line that are kept; what is beyond is counted. */
  readonly maxArgv?: number | undefined;
  /** Each image as it may be handed over: another one where it is too long for its user. */
  readonly admit?: ((image: Uint8Array, uidOf: () => number) => Uint8Array) | undefined;
}

/** A buffer that grew beyond this for one process is given back. */
const KEPT_SCRATCH = 256 << 10;
/** The longest target of a link in /proc (PATH_MAX). */
const LINK_MAX = 4096;
/** Room for a file of one line, or a few. */
const LINE_MAX = 4096;

/** Reads one procfs; every method answers with a count or a negative errno. */
export class ProcFiles {
  /** Where this procfs is mounted. */
  readonly root: string;
  readonly #libc: Libc;
  /** Path of the directory being read, NUL at the end: `/proc/4711`. */
  readonly #path: Uint8Array;
  readonly #rootLength: number;
  readonly #lean: boolean;
  readonly #maxArgv: number;
  readonly #admit: NonNullable<ImageWishes["admit"]>;
  readonly #envNames: readonly Uint8Array[];
  /** Holds an encoded image while its parts are read. */
  #scratch = new Uint8Array(new ArrayBuffer(16_384));
  #view = new DataView(this.#scratch.buffer);
  /** Where a byte goes that is only asked for. */
  readonly #byte = new Uint8Array(new ArrayBuffer(1));

  /** Reads the procfs that is mounted at `root`. */
  constructor(libc: Libc, root: string, wishes: ImageWishes = {}) {
    this.root = root;
    this.#lean = wishes.lean === true;
    this.#maxArgv = wishes.maxArgv ?? PROC_TEXT_MAX;
    this.#admit = wishes.admit ?? ((image) => image);
    this.#libc = libc;
    const prefix = encoder.encode(root.endsWith("/") ? root : root + "/");
    this.#path = new Uint8Array(new ArrayBuffer(prefix.length + 64));
    this.#path.set(prefix);
    this.#rootLength = prefix.length;
    this.#envNames = (wishes.env ?? []).map((name) => encoder.encode(name + "="));
  }

  /** Opens a file below the root itself, such as `loadavg`. */
  openRoot(name: string): number {
    return this.#libc.openat(AT_FDCWD, this.#rootPath(name), O_RDONLY | O_CLOEXEC);
  }

  /** The number in a file below the root; null when there is none. */
  readNumber(name: string): number | null {
    const fd = this.openRoot(name);
    if (fd < 0) return null;
    const length = this.#libc.read(fd, this.#line);
    this.#libc.close(fd);
    return length <= 0 ? null : parseInt(decodeText(this.#scratch.subarray(0, length)), 10);
  }

  /** Our own pid as this procfs counts; null when it does not show us. */
  readSelf(): number | null {
    const path = this.#rootPath("self");
    const length = this.#libc.readlinkat(AT_FDCWD, path, this.#scratch);
    return length <= 0 ? null : Number(decodeText(this.#scratch.subarray(0, length)));
  }

  /** Id of the calling thread as this /proc counts it; null when it does not show us. */
  readThread(): number | null {
    const path = this.#rootPath("thread-self");
    const length = this.#libc.readlinkat(AT_FDCWD, path, this.#scratch);
    const text = decodeText(this.#scratch.subarray(0, Math.max(0, length)));
    const tid = Number(text.slice(text.lastIndexOf("/") + 1));
    return tid > 0 ? tid : null;
  }

  /** The buffer for what is a line: below /proc/sys the kernel refuses reads of 4 MiB. */
  get #line(): Uint8Array {
    return this.#scratch.subarray(0, LINE_MAX);
  }

  #rootPath(name: string): Uint8Array {
    const path = new Uint8Array(this.#rootLength + name.length + 1);
    path.set(this.#path.subarray(0, this.#rootLength));
    path.set(encoder.encode(name), this.#rootLength);
    return path;
  }

  /** A handle on /proc/PID: what is read through it is of one process, never of a later one. */
  openProcess(pid: number): number {
    this.#writePid(pid);
    return this.#libc.openat(AT_FDCWD, this.#path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  }

  /** Opens file `name` of the process behind `handle`. */
  openFile(handle: number, name: ProcFile): number {
    return this.#libc.openat(handle, NAME[name], O_RDONLY | O_CLOEXEC);
  }

  /** Opens the io file of the first thread of process `pid`, which is behind `handle`. */
  openTaskIo(handle: number, pid: number): number {
    return this.#libc.openat(handle, cString(`task/${pid}/io`), O_RDONLY | O_CLOEXEC);
  }

  /** Reads file `name` of the process behind `handle`; one read is enough for small files. */
  readFile(handle: number, name: ProcFile, into: Uint8Array): number {
    const fd = this.openFile(handle, name);
    if (fd < 0) return fd;
    const length = this.#libc.read(fd, into);
    this.#libc.close(fd);
    return length;
  }

  /** The name of the process behind `handle`, a copy; null when it has none or is gone. */
  readComm(handle: number): Uint8Array | null {
    const length = this.readFile(handle, "comm", this.#line);
    return length > 1 ? this.#scratch.slice(0, length - 1) : null;
  }

  /** Reads `/proc/PID/stat` by path: the cheapest look at a process. */
  readStat(pid: number, into: Uint8Array): number {
    return this.readOf(pid, "stat", into);
  }

  /** Reads file `name` of whatever process has `pid` now; one read is enough for small files. */
  readOf(pid: number, name: ProcFile, into: Uint8Array): number {
    const end = this.#writePid(pid);
    this.#path[end] = 0x2f;
    this.#path.set(NAME[name], end + 1);
    const fd = this.#libc.openat(AT_FDCWD, this.#path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return fd;
    const length = this.#libc.read(fd, into);
    this.#libc.close(fd);
    return length;
  }

  /**
   * The encoded image (src/model/image.ts) of the process behind `handle`, a copy; null when the
   * process is gone. The command line comes first: it is the first to disappear.
   */
  readImage(handle: number): Uint8Array | null {
    let at = this.#readArgv(handle);
    if (this.#lean) {
      for (let part = 1; part < 4; part++) this.#view.setUint32(part * 4, ABSENT, true);
    } else {
      at = this.#linkPart(1, handle, "exe", at);
      at = this.#linkPart(2, handle, "cwd", at);
      at = this.#readPart(3, handle, "cgroup", at, 0);
    }
    at = this.#readPart(4, handle, "comm", at, 1);
    if (this.#envNames.length > 0) at = this.#envPart(handle, at);
    else this.#view.setUint32(20, ABSENT, true);
    const image = at === HEADER ? null : this.#scratch.slice(0, at);
    if (this.#scratch.length > KEPT_SCRATCH) this.#resize(KEPT_SCRATCH);
    return image === null ? null : this.#admit(image, () => this.#uidOf(handle));
  }

  /** Real uid of the process behind `handle`; below 0 when it is not known. */
  #uidOf(handle: number): number {
    const length = this.readFile(handle, "status", this.#line);
    return length <= 0 ? -1 : realUidOf(this.#line, length);
  }

  #writePid(pid: number): number {
    const path = this.#path;
    let end = this.#rootLength + 1;
    for (let rest = pid; rest >= 10; rest = (rest / 10) | 0) end++;
    let rest = pid;
    for (let at = end - 1; at >= this.#rootLength; at--) {
      path[at] = 0x30 + rest % 10;
      rest = (rest / 10) | 0;
    }
    path[end] = 0;
    return end;
  }

  /** Reads the beginning of the command line, and how much there is beyond. */
  #readArgv(handle: number): number {
    this.#view.setUint32(0, ABSENT, true);
    this.#view.setFloat64(MORE, 0, true);
    const fd = this.openFile(handle, "cmdline");
    if (fd < 0) return HEADER;
    let length = this.#readToEnd(fd, HEADER, this.#maxArgv);
    if (length === this.#maxArgv) {
      const whole = findLength(length, (offset) => this.#libc.pread(fd, this.#byte, offset) > 0);
      if (whole > length) {
        length = cutBetweenCharacters(this.#scratch.subarray(HEADER), length);
        this.#view.setFloat64(MORE, whole - length, true);
      }
    }
    this.#libc.close(fd);
    if (length > 0) this.#view.setUint32(0, length, true);
    return HEADER + length;
  }

  /** Reads a part at `at`, without the last `trim` bytes; an empty one counts as not known. */
  #readPart(part: number, handle: number, name: ProcFile, at: number, trim: number): number {
    this.#view.setUint32(part * 4, ABSENT, true);
    const fd = this.openFile(handle, name);
    if (fd < 0) return at;
    const length = this.#readToEnd(fd, at, PROC_TEXT_MAX) - trim;
    this.#libc.close(fd);
    if (length <= 0) return at;
    this.#view.setUint32(part * 4, length, true);
    return at + length;
  }

  /**
   * Reads a file to its end, or to `most` bytes; how many they are. Sizes in /proc lie: a read that
   * does not fill the buffer by far is the whole file.
   */
  #readToEnd(fd: number, at: number, most: number): number {
    let length = 0;
    while (length < most) {
      const begin = at + length;
      if (this.#scratch.length - begin < 8192) this.#resize(this.#scratch.length * 2);
      const end = Math.min(this.#scratch.length, at + most);
      const count = this.#libc.read(fd, this.#scratch.subarray(begin, end));
      if (count <= 0) break;
      length += count;
      if (count < 2048 && begin + count < end) break;
    }
    return length;
  }

  #linkPart(part: number, handle: number, name: ProcFile, at: number): number {
    if (this.#scratch.length - at < LINK_MAX) this.#resize(this.#scratch.length * 2);
    const length = this.#libc.readlinkat(handle, NAME[name], this.#scratch.subarray(at));
    this.#view.setUint32(part * 4, length <= 0 ? ABSENT : length, true);
    return length <= 0 ? at : at + length;
  }

  /** Keeps of the environment only what was asked for. */
  #envPart(handle: number, at: number): number {
    const end = this.#readPart(5, handle, "environ", at, 0);
    if (end === at) return at;
    const environ = this.#scratch.slice(at, end);
    let kept = at;
    for (let from = 0; from < environ.length;) {
      const nul = environ.indexOf(0, from);
      const until = nul < 0 ? environ.length : nul + 1;
      const entry = environ.subarray(from, until);
      if (this.#envNames.some((name) => startsWith(entry, name))) {
        this.#scratch.set(entry, kept);
        kept += entry.length;
      }
      from = until;
    }
    this.#view.setUint32(20, kept - at, true);
    return kept;
  }

  #resize(size: number): void {
    const other = new Uint8Array(new ArrayBuffer(size));
    other.set(this.#scratch.subarray(0, size));
    this.#scratch = other;
    this.#view = new DataView(other.buffer);
  }
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  if (bytes.length < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (bytes[i] !== prefix[i]) return false;
  return true;
}
