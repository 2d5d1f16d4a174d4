/**
 * The reading seam of /proc: the only place that opens its files.
 *
 * @module
 */
import { closeSync, openSync, readdirSync, readlinkSync, readSync } from "node:fs";
import { cutBetweenCharacters } from "../model/text_cut.ts";
import { findLength, PROC_TEXT_MAX } from "./bounds.ts";
import {
  hasEndedLeader,
  isKernelThread,
  isReleased,
  parseStat,
  type Stat,
  THREADS_ASKED,
} from "./stat.ts";
import { realUidOf, tgidOf } from "./status.ts";

/** Whose file: a process or thread, the reader itself, or null for a file of /proc itself. */
export type ProcOwner = number | "self" | null;

/**
 * Reads procfs. null means that the process has vanished or that the reader may not see the file
 * (ENOENT, ESRCH, EACCES, EPERM); any other failure throws {@linkcode ProcError}.
 */
export interface ProcReader {
  /** Pids of the processes that can be seen, ascending. */
  pids(): number[];
  /** Ids of the threads that a process has, ascending; empty when it has vanished. */
  tasks(pid: number): number[];
  /**
   * A file's bytes, to be kept; `name` such as `stat` or `ns/pid`. At most 8 MiB, of a command line
   * and an environment at most PROC_TEXT_MAX.
   */
  read(pid: ProcOwner, name: string): Uint8Array | null;
  /** How many bytes a file has in all, of which the first `known` are known to be there. */
  sizeOf(pid: number, name: string, known: number): number | null;
  /**
   * Files of one life of a process: when the first of them is not null, all that are not null
   * belong to the same process, even if its pid has meanwhile been given to another.
   */
  readTogether(pid: number, names: readonly string[]): (Uint8Array | null)[];
  /** Target of a symbolic link; some runtimes give U+FFFD for what is not UTF-8 in it. */
  link(pid: number | "self", name: string): Uint8Array | null;
}

/** A file of /proc that could not be read, for another reason than absence or permission. */
export class ProcError extends Error {
  /** The file. */
  readonly path: string;
  /** Name of the error number, such as `EMFILE`; null when there is none. */
  readonly code: string | null;

  /** `act` is a verb: "read". */
  constructor(act: string, path: string, cause: unknown) {
    const { code = null, errno = null } = cause as { code?: string; errno?: number };
    const seen = code === null ? String(cause) : code;
    super(`Cannot ${act} ${path}: ${seen}${errno === null ? "" : ` (errno ${Math.abs(errno)})`}`, {
      cause,
    });
    this.name = "ProcError";
    this.path = path;
    this.code = code;
  }
}

const ABSENT: ReadonlySet<unknown> = new Set(["ENOENT", "ESRCH", "EACCES", "EPERM"]);

/** null when `error` says that a process has vanished or is hidden, else throws. */
function absentOrThrow(error: unknown, act: string, path: string): null {
  if (ABSENT.has((error as { code?: unknown }).code)) return null;
  throw new ProcError(act, path, error);
}

/** The kernel writes these by one show function: the first read gives all that fits. */
const IN_ONE_READ: ReadonlySet<string> = new Set(["stat", "status", "cmdline", "comm", "cgroup"]);

/** What processes fill as they like. */
const CHOSEN: ReadonlySet<string> = new Set(["cmdline", "environ"]);
/** No file of the kernel's own is as long. */
const LIMIT = 8 << 20;
/** One read asks for no more: below /proc/sys the kernel refuses 4 MiB (KMALLOC_MAX_SIZE). */
const READ_MAX = 1 << 20;
/** The buffer that is kept. */
const KEPT = PROC_TEXT_MAX;

/** Sizes in /proc are 0, so files are read into a kept buffer; one that grew is given back. */
class Procfs implements ProcReader {
  readonly #root: string;
  #buffer = new Uint8Array(KEPT);

  constructor(root: string) {
    this.#root = root;
  }

  pids(): number[] {
    try {
      return numbersOf(readdirSync(this.#root));
    } catch (error) {
      throw new ProcError("list", this.#root, error);
    }
  }

  tasks(pid: number): number[] {
    const path = this.#path(pid, "task");
    try {
      return numbersOf(readdirSync(path));
    } catch (error) {
      return absentOrThrow(error, "list", path) ?? [];
    }
  }

  read(pid: ProcOwner, name: string): Uint8Array | null {
    const path = this.#path(pid, name);
    const fd = this.#open(path);
    return fd === null ? null : this.#readAndClose(fd, path, name);
  }

  /**
   * A descriptor of a process's file stays with that process: reading it after its end gives
   * ESRCH. All are opened before the first is read, so a first one that still can be read shows
   * that the pid had not changed hands while the others were opened. This costs no more than
   * reading them one by one; comparing start times of two reads of stat would cost a third more.
   */
  readTogether(pid: number, names: readonly string[]): (Uint8Array | null)[] {
    const paths = names.map((name) => this.#path(pid, name));
    const fds: (number | null)[] = [];
    try {
      for (const path of paths) fds.push(this.#open(path));
      return names.map((name, index) => {
        const fd = fds[index]!;
        fds[index] = null;
        return fd === null ? null : this.#readAndClose(fd, paths[index]!, name);
      });
    } finally {
      for (const fd of fds) if (fd !== null) closeSync(fd);
    }
  }

  sizeOf(pid: number, name: string, known: number): number | null {
    const path = this.#path(pid, name);
    const fd = this.#open(path);
    if (fd === null) return null;
    const byte = new Uint8Array(1);
    try {
      return findLength(known, (offset) => readSync(fd, byte, 0, 1, offset) > 0);
    } catch (error) {
      return absentOrThrow(error, "read", path);
    } finally {
      closeSync(fd);
    }
  }

  link(pid: number | "self", name: string): Uint8Array | null {
    const path = this.#path(pid, name);
    try {
      return new Uint8Array(readlinkSync(path, { encoding: "buffer" }));
    } catch (error) {
      return absentOrThrow(error, "read link", path);
    }
  }

  #path(pid: ProcOwner, name: string): string {
    return pid === null ? `${this.#root}/${name}` : `${this.#root}/${pid}/${name}`;
  }

  #open(path: string): number | null {
    try {
      return openSync(path, "r");
    } catch (error) {
      return absentOrThrow(error, "open", path);
    }
  }

  #readAndClose(fd: number, path: string, name: string): Uint8Array | null {
    try {
      const most = CHOSEN.has(name) ? PROC_TEXT_MAX : LIMIT;
      const length = this.#fill(fd, most, IN_ONE_READ.has(name));
      return this.#buffer.slice(0, length);
    } catch (error) {
      return absentOrThrow(error, "read", path);
    } finally {
      closeSync(fd);
      if (this.#buffer.length > KEPT) this.#buffer = new Uint8Array(KEPT);
    }
  }

  #fill(fd: number, most: number, inOneRead: boolean): number {
    let length = 0;
    while (length < most) {
      if (length === this.#buffer.length) this.#grow();
      const room = Math.min(this.#buffer.length, most) - length;
      const count = readSync(fd, this.#buffer, length, room, null);
      length += count;
      if (count === 0 || (inOneRead && count < room)) break;
    }
    return length;
  }

  #grow(): void {
    const larger = new Uint8Array(this.#buffer.length + Math.min(READ_MAX, this.#buffer.length));
    larger.set(this.#buffer);
    this.#buffer = larger;
  }
}

/** Names of folders that are ids, ascending. */
function numbersOf(names: readonly string[]): number[] {
  const numbers: number[] = [];
  for (const name of names) {
    const first = name.charCodeAt(0);
    if (first >= 48 && first <= 57) numbers.push(Number(name));
  }
  return numbers.sort((a, b) => a - b);
}

/** A reader of the procfs that is mounted at `root`. */
export function openProcfs(root: string): ProcReader {
  return new Procfs(root);
}

/** What a tree shows of one process, all of one life. */
export interface ProcessRecord extends Stat {
  /** The process the id belongs to: another number for the id of a thread. */
  tgid: number | null;
  /** Real uid in the reader's user namespace; null when not known. */
  uid: number | null;
  /**
   * Bytes of the command line, NUL after each argument; empty for a kernel thread; null when not
   * known, as of a zombie, whose memory is gone.
   */
  argv: Uint8Array | null;
  /** Bytes of the command line beyond those. */
  argvMore: number;
  /** It is a thread of the kernel. */
  kernel: boolean;
}

/** The files of a process that {@linkcode readProcess} reads. */
export const PROCESS_FILES: readonly string[] = ["stat", "status", "cmdline"];
const ZOMBIE = "Z".charCodeAt(0);
const DEAD = "X".charCodeAt(0);

/**
 * Reads one process; null when it has vanished, is about to, or may not be seen. Three files,
 * because only status has the real uid: the owner of /proc/PID, cheaper to ask for, is the
 * effective one, and root for processes that may not be dumped. The process may exec between two
 * of the reads.
 */
export function readProcess(reader: ProcReader, pid: number): ProcessRecord | null {
  const [line, status, argv] = reader.readTogether(pid, PROCESS_FILES);
  const stat = line ? parseStat(line) : null;
  if (stat === null || isReleased(stat)) return null;
  const gone = argv?.length === 0 && (stat.state === ZOMBIE || stat.state === DEAD);
  const ofThread = gone && hasEndedLeader(stat) ? argvOfThread(reader, pid) : null;
  const [uid, tgid] = status
    ? [realUidOf(status, status.length), tgidOf(status, status.length)]
    : [-1, -1];
  return {
    ...stat,
    tgid: tgid < 0 ? null : tgid,
    uid: uid < 0 ? null : uid,
    kernel: isKernelThread(stat),
    ...ofThread ??
      (gone || !argv ? { argv: null, argvMore: 0 } : boundedArgv(reader, pid, argv)),
  };
}

/** The command line of a process whose leader has ended; null where no thread has it. */
function argvOfThread(
  reader: ProcReader,
  pid: number,
): Pick<ProcessRecord, "argv" | "argvMore"> | null {
  for (const tid of reader.tasks(pid).slice(0, THREADS_ASKED)) {
    const argv = tid === pid ? null : reader.read(tid, "cmdline");
    if (argv !== null && argv.length > 0) return boundedArgv(reader, tid, argv);
  }
  return null;
}

/** What was read of a command line, and how much of it was not. */
function boundedArgv(
  reader: ProcReader,
  pid: number,
  argv: Uint8Array,
): Pick<ProcessRecord, "argv" | "argvMore"> {
  if (argv.length < PROC_TEXT_MAX) return { argv, argvMore: 0 };
  const whole = reader.sizeOf(pid, "cmdline", argv.length) ?? argv.length;
  if (whole === argv.length) return { argv, argvMore: 0 };
  const kept = cutBetweenCharacters(argv, argv.length);
  return { argv: argv.subarray(0, kept), argvMore: whole - kept };
}
