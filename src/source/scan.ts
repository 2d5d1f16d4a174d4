/**
 * Lists /proc as events: the first look at a host, and the repair after a loss.
 *
 * @module
 */
import { readdirSync } from "node:fs";
import { ERRNO } from "../../ffi/errno.ts";
import type { Libc } from "../../ffi/libc.ts";
import type { BatchWriter } from "../model/batch.ts";
import { EVENT, FLAG, SourceEvent, UNKNOWN } from "../model/event.ts";
import { encodeImage, Image } from "../model/image.ts";
import { TICK_NS } from "../model/process.ts";
import {
  hasEndedLeader,
  isKernelThread,
  isReleased,
  parseStatInto,
  StatFields,
  THREADS_ASKED,
} from "../proc/stat.ts";
import { realUidOf, tgidOf } from "../proc/status.ts";
import type { Clocks } from "./clocks.ts";
import { isShortage } from "./descriptors.ts";
import type { ExecMark } from "./likeness.ts";
import type { ProcFiles } from "./proc_files.ts";

/**
 * pids that a procfs lists, ascending as the kernel gives them; null when there is no descriptor
 * to list it with.
 */
export function listPids(root: string): number[] | null {
  const names = namesIn(root);
  if (names === null) return null;
  const pids: number[] = [];
  for (const name of names) {
    const first = name.charCodeAt(0);
    if (first >= 0x31 && first <= 0x39) pids.push(Number(name));
  }
  return pids;
}

function namesIn(root: string): string[] | null {
  try {
    return readdirSync(root);
  } catch (error) {
    const { code } = error as { code?: keyof typeof ERRNO };
    if (code !== undefined && isShortage(-ERRNO[code])) return null;
    throw error;
  }
}

/** Threads of a process; none where it has vanished. */
function listTasks(root: string, pid: number): number[] {
  try {
    return listPids(`${root}/${pid}/task`) ?? [];
  } catch {
    return [];
  }
}

/** Reads processes into `present` events, with one buffer for all. */
export class PresenceReader {
  readonly #libc: Libc;
  readonly #files: ProcFiles;
  readonly #buffer = new Uint8Array(new ArrayBuffer(4096));
  readonly #compared = new StatFields();
  /** The stat line of the process read last. */
  readonly stat: StatFields = new StatFields();
  /** Something could not be read since there was no descriptor: what seems gone may be there. */
  short = false;

  constructor(libc: Libc, files: ProcFiles) {
    this.#libc = libc;
    this.#files = files;
  }

  /** Fills `event` with what exists as `pid` at time `asOf`; false when it is gone. */
  read(pid: number, asOf: number, event: SourceEvent): boolean {
    const handle = this.#files.openProcess(pid);
    if (handle < 0) return this.#missing(handle);
    const found = this.#fill(handle, pid, asOf, event);
    this.#libc.close(handle);
    return found;
  }

  #fill(handle: number, pid: number, asOf: number, event: SourceEvent): boolean {
    const { stat } = this;
    if (!this.readStatOf(handle) || isReleased(stat)) return false;
    event.reset(EVENT.present, asOf, pid, pid);
    event.asOf = asOf;
    event.start = stat.startTicks * TICK_NS;
    event.a = stat.ppid;
    event.b = stat.threads;
    event.c = stat.state;
    if (isKernelThread(stat)) event.flags |= FLAG.kernel;
    event.text = hasEndedLeader(stat)
      ? this.#imageOfThread(handle, pid)
      : this.#files.readImage(handle);
    event.d = this.readUid(handle);
    return true;
  }

  /** The image of a process whose leader has ended: its threads have it still. */
  #imageOfThread(handle: number, pid: number): Uint8Array | null {
    const comm = this.comm();
    for (const tid of listTasks(this.#files.root, pid).slice(0, THREADS_ASKED)) {
      const thread = tid === pid ? -1 : this.#files.openProcess(tid);
      if (thread < 0) continue;
      const text = this.#files.readImage(thread);
      this.#libc.close(thread);
      const { parts } = Image.decode(text);
      if (parts.argv !== null) return encodeImage({ ...parts, comm });
    }
    return this.#files.readImage(handle);
  }

  /** Reads the stat line behind `handle` into {@linkcode PresenceReader.stat}; false: gone. */
  readStatOf(handle: number): boolean {
    const length = this.#files.readFile(handle, "stat", this.#buffer);
    return length > 0 ? parseStatInto(this.#buffer, length, this.stat) : this.#missing(length);
  }

  #missing(result: number): false {
    if (isShortage(result)) this.short = true;
    return false;
  }

  /**
   * Whether what is behind `handle` began in a clock tick, which null leaves open: a pid may have
   * come round since it was known. Leaves {@linkcode PresenceReader.stat} as it is.
   */
  beganAt(handle: number, startTicks: number | null): boolean {
    if (startTicks === null) return true;
    const length = this.#files.readFile(handle, "stat", this.#buffer);
    const stat = this.#compared;
    return length > 0 && parseStatInto(this.#buffer, length, stat) &&
      stat.startTicks === startTicks;
  }

  /** What tells the next exec of what is behind `handle`; null when it is gone. */
  readMark(handle: number): ExecMark | null {
    const length = this.#files.readFile(handle, "stat", this.#buffer);
    const stat = this.#compared;
    if (length <= 0 || !parseStatInto(this.#buffer, length, stat)) return null;
    return { flags: stat.flags, startStack: stat.startStack };
  }

  /** The name in the stat line read last, a copy. */
  comm(): Uint8Array {
    return this.#buffer.slice(this.stat.commStart, this.stat.commEnd);
  }

  /** Whether the task `tid` behind `handle` is a thread that leads no process. */
  isThread(handle: number, tid: number): boolean {
    const length = this.#files.readFile(handle, "status", this.#buffer);
    return length > 0 && tgidOf(this.#buffer, length) !== tid;
  }

  /** Real uid of the process behind `handle`; UNKNOWN when it is gone. */
  readUid(handle: number): number {
    const length = this.#files.readFile(handle, "status", this.#buffer);
    return length <= 0 ? UNKNOWN : realUidOf(this.#buffer, length) | 0;
  }

  /** Reads the stat line of `pid` into {@linkcode PresenceReader.stat}; false when it is gone. */
  readStat(pid: number): boolean {
    const length = this.#files.readStat(pid, this.#buffer);
    return length > 0 ? parseStatInto(this.#buffer, length, this.stat) : this.#missing(length);
  }
}

/**
 * Adds a scan: `scanBegin`, a `present` for each process that ran when it began, parents before
 * their children, and `scanEnd`. What starts meanwhile is left to its own fork event. A scan of
 * thousands takes a while: `between` is called after each process. When it began comes back;
 * null, and nothing is added, when descriptors were short: all would seem to be gone.
 */
export function scanProcesses(
  libc: Libc,
  clocks: Clocks,
  files: ProcFiles,
  writer: Pick<BatchWriter, "add">,
  between: () => void,
): number | null {
  const begin = clocks.now();
  const reader = new PresenceReader(libc, files);
  const found: SourceEvent[] = [];
  const pids = listPids(files.root);
  if (pids === null) return null;
  for (const pid of pids) {
    const event = new SourceEvent();
    if (reader.read(pid, clocks.now(), event) && event.start < begin) found.push(event);
    between();
  }
  if (reader.short) return null;
  found.sort((a, b) => a.start - b.start || a.pid - b.pid);
  writer.add(new SourceEvent().reset(EVENT.scanBegin, begin, 0, 0));
  for (const event of found) {
    event.time = begin;
    writer.add(event);
  }
  writer.add(new SourceEvent().reset(EVENT.scanEnd, clocks.now(), 0, 0));
  return begin;
}

/** When a scan began that cannot be done without; throws where descriptors were short. */
export function requireScan(began: number | null, root: string): number {
  if (began !== null) return began;
  throw new Error(`Cannot read ${root}: no descriptors are left; raise the limit (ulimit -n)`);
}
