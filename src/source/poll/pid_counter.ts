/**
 * Which pids were given out since the last look, and how many forks there were in all.
 *
 * /proc/loadavg ends with the last pid allocated in the reader's pid namespace, and ns_last_pid
 * is that number (kernels with CONFIG_CHECKPOINT_RESTORE); /proc/stat counts every fork of the
 * host, threads included (Documentation/filesystems/proc.rst).
 *
 * Containers may have other files laid over these: lxcfs shows a pid of the host in loadavg. A
 * counter is believed only after it has followed forks of our own.
 *
 * @module
 */
import type { Libc } from "../../../ffi/libc.ts";
import { processesOf } from "../../proc/kernel_stat.ts";
import { lastPidOf } from "../../proc/loadavg.ts";
import { decimalAt } from "../../proc/scan.ts";
import type { ProcFiles } from "../proc_files.ts";

/** Allocation restarts here after the highest pid (RESERVED_PIDS, kernel/pid.c). */
const RESERVED_PIDS = 300;

/** pids given out between two looks: up to two ranges, both ends included. */
export interface PidRange {
  readonly from: number;
  readonly to: number;
}

/** The pids allocated after `before` up to `last`, across the wrap at `pidMax`. */
export function pidsBetween(before: number, last: number, pidMax: number): PidRange[] {
  if (last === before) return [];
  if (last > before) return [{ from: before + 1, to: last }];
  const ranges = [{ from: RESERVED_PIDS, to: last }];
  if (before + 1 < pidMax) ranges.unshift({ from: before + 1, to: pidMax - 1 });
  return ranges;
}

/** Whether a counter that went from `before` to `last` has given out `pid` meanwhile. */
export function hasGivenOut(before: number, last: number, pid: number, pidMax: number): boolean {
  if (before < 0 || last < 0) return false;
  return pidsBetween(before, last, pidMax).some(({ from, to }) => from <= pid && pid <= to);
}

const NEWLINE = 10;
const PID_MAX_DEFAULT = 32_768;
/** Forks of our own that a counter has to follow, where others fork at the same time. */
const TRIALS = 3;

/** An open file that may have the last pid. */
interface Candidate {
  readonly fd: number;
  readonly numberOf: (bytes: Uint8Array, length: number) => number;
  /** What it said before the last fork of our own. */
  before: number;
  follows: boolean;
}

function candidate(fd: number, numberOf: Candidate["numberOf"]): Candidate {
  return { fd, numberOf, before: -1, follows: fd >= 0 };
}

function wholeNumber(bytes: Uint8Array, length: number): number {
  return decimalAt(bytes, 0, length, NEWLINE);
}

/** What became of a counter: words for one that is not believed. */
export const DISTRUST = {
  hidden: "is hidden",
  foreign: "does not follow the forks of this pid namespace",
  untried: "could not be tried, since no child could be started",
} as const;

/** Whether a counter is believed, and why not. */
export type CounterState = "believed" | keyof typeof DISTRUST;

/** Reads both counters through descriptors that stay open. */
export class PidCounter {
  /** Where allocation goes round. */
  readonly pidMax: number;
  /** Whether the last pid can be read. */
  readonly available: boolean;
  /** What became of the counters in /proc/loadavg and in ns_last_pid. */
  readonly loadavg: CounterState;
  readonly nsLastPid: CounterState;
  /** What became of the count of forks in /proc/stat. */
  readonly stat: CounterState;
  readonly #libc: Libc;
  readonly #last: Candidate | undefined;
  readonly #stat: number;
  /** A fork of our own was made. */
  #tried = false;
  readonly #small = new Uint8Array(new ArrayBuffer(128));
  #large = new Uint8Array(new ArrayBuffer(16_384));

  constructor(libc: Libc, files: ProcFiles) {
    this.#libc = libc;
    this.pidMax = files.readNumber("sys/kernel/pid_max") ?? PID_MAX_DEFAULT;
    this.#stat = files.openRoot("stat");
    const loadavg = candidate(files.openRoot("loadavg"), lastPidOf);
    const nsLastPid = candidate(files.openRoot("sys/kernel/ns_last_pid"), wholeNumber);
    const statFollows = this.#try([loadavg, nsLastPid]);
    const stateOf = (fd: number, follows: boolean): CounterState =>
      fd < 0 ? "hidden" : follows ? "believed" : this.#tried ? "foreign" : "untried";
    this.#last = [loadavg, nsLastPid].find(({ follows }) => follows);
    for (const one of [loadavg, nsLastPid]) {
      if (one.fd >= 0 && one !== this.#last) libc.close(one.fd);
    }
    this.available = this.#last !== undefined;
    this.loadavg = stateOf(loadavg.fd, loadavg.follows);
    this.nsLastPid = stateOf(nsLastPid.fd, nsLastPid.follows);
    this.stat = stateOf(this.#stat, statFollows);
  }

  /** Forks, and leaves those that have followed; whether the count of all forks has. */
  #try(candidates: readonly Candidate[]): boolean {
    let statFollows = true;
    for (let trial = 0; trial < TRIALS; trial++) {
      const forks = this.forks();
      for (const one of candidates) one.before = this.#read(one);
      const pid = this.#libc.forkBriefly();
      this.#tried ||= pid > 0;
      let exact = true;
      for (const one of candidates) {
        const last = this.#read(one);
        one.follows &&= hasGivenOut(one.before, last, pid, this.pidMax);
        exact &&= last === pid || !one.follows;
      }
      statFollows &&= pid > 0 && forks >= 0 && this.forks() > forks;
      // Nobody else has forked meanwhile: no chance can have brought that about.
      if (exact) break;
    }
    return statFollows;
  }

  /** The last pid allocated; -1 when it cannot be read. */
  lastPid(): number {
    return this.#last === undefined ? -1 : this.#read(this.#last);
  }

  #read({ fd, numberOf }: Candidate): number {
    if (fd < 0) return -1;
    const length = this.#libc.pread(fd, this.#small, 0);
    return length <= 0 ? -1 : numberOf(this.#small, length);
  }

  /** Forks on the host since boot; -1 when it cannot be read. */
  forks(): number {
    if (this.#stat < 0) return -1;
    while (true) {
      const length = this.#libc.pread(this.#stat, this.#large, 0);
      if (length < this.#large.length) {
        return length <= 0 ? -1 : processesOf(this.#large, length);
      }
      this.#large = new Uint8Array(new ArrayBuffer(this.#large.length * 2));
    }
  }

  close(): void {
    if (this.#last !== undefined) this.#libc.close(this.#last.fd);
    if (this.#stat >= 0) this.#libc.close(this.#stat);
  }
}
