/**
 * Whoever is started here and left behind becomes our child: prctl(2), PR_SET_CHILD_SUBREAPER.
 *
 * @module
 */
import { ERRNO } from "../../ffi/errno.ts";
import type { Libc } from "../../ffi/libc.ts";
import { TASK } from "../../ffi/linux.ts";
import { openLibc } from "../../ffi/mod.ts";

/** struct rusage of 64-bit Linux: two struct timeval, then fourteen longs. */
const RUSAGE = {
  size: 144,
  utime: 0,
  stime: 16,
  maxrss: 32,
  minflt: 64,
  majflt: 72,
  inblock: 88,
  oublock: 96,
  nvcsw: 128,
  nivcsw: 136,
} as const;
/** For waitpid(2). */
const ANY = -1;
/** Unit of ru_inblock and ru_oublock, getrusage(2). */
const BLOCK = 512;

/** What children that have ended and were waited for have used, with all that they waited for. */
export interface ChildrenUsage {
  /** Nanoseconds, to a microsecond. */
  readonly userNs: number;
  readonly systemNs: number;
  /**
   * Largest resident size of one process, bytes; null where it is not larger than our own was:
   * the kernel counts what a process had before its exec, and that was ours.
   */
  readonly peakBytes: number | null;
  readonly minorFaults: number;
  readonly majorFaults: number;
  /** Bytes that storage was asked for. */
  readonly readBytes: number;
  readonly writeBytes: number;
  readonly voluntarySwitches: number;
  readonly involuntarySwitches: number;
}

/** This process as the reaper of what descends from it. */
export class Reaper {
  readonly #libc: Libc;

  private constructor(libc: Libc) {
    this.#libc = libc;
  }

  /** Becomes one; where the kernel does not let it (before Linux 3.4), orphans go to init. */
  static async open(): Promise<Reaper> {
    const libc = await openLibc();
    libc.prctl(TASK.PR_SET_CHILD_SUBREAPER, 1);
    return new Reaper(libc);
  }

  /** Buries a child that has ended, unless it is none of ours or lives. */
  bury(pid: number): void {
    this.#libc.waitpid(pid);
  }

  /**
   * Buries all children that have ended; whether any is left. Only to be asked when nobody else
   * waits for children of this process.
   */
  buryAll(): boolean {
    let result = this.#libc.waitpid(ANY);
    while (result > 0) result = this.#libc.waitpid(ANY);
    return result !== -ERRNO.ECHILD;
  }

  /** getrusage(2), RUSAGE_CHILDREN. */
  children(): ChildrenUsage {
    const own = this.#read(TASK.RUSAGE_SELF).getBigInt64(RUSAGE.maxrss, true);
    const view = this.#read(TASK.RUSAGE_CHILDREN);
    const peak = view.getBigInt64(RUSAGE.maxrss, true);
    const long = (at: number) => Number(view.getBigInt64(at, true));
    const time = (at: number) => long(at) * 1e9 + long(at + 8) * 1000;
    return {
      userNs: time(RUSAGE.utime),
      systemNs: time(RUSAGE.stime),
      peakBytes: peak > own ? Number(peak) * 1024 : null,
      minorFaults: long(RUSAGE.minflt),
      majorFaults: long(RUSAGE.majflt),
      readBytes: long(RUSAGE.inblock) * BLOCK,
      writeBytes: long(RUSAGE.oublock) * BLOCK,
      voluntarySwitches: long(RUSAGE.nvcsw),
      involuntarySwitches: long(RUSAGE.nivcsw),
    };
  }

  #read(who: number): DataView {
    const bytes = new Uint8Array(new ArrayBuffer(RUSAGE.size));
    this.#libc.getrusage(who, bytes);
    return new DataView(bytes.buffer);
  }
}
