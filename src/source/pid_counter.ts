/**
 * Which pids were given out since the last look, and how many forks there were in all.
 *
 * /proc/loadavg ends with the last pid allocated in the reader's pid namespace; /proc/stat counts
 * every fork of the host, threads included (Documentation/filesystems/proc.rst).
 *
 * @module
 */
import type { Libc } from "../../ffi/libc.ts";
import { processesOf } from "../proc/kernel_stat.ts";
import { lastPidOf } from "../proc/loadavg.ts";
import type { ProcFiles } from "./proc_files.ts";

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

/** Reads both counters through descriptors that stay open. */
export class PidCounter {
  readonly #libc: Libc;
  readonly #loadavg: number;
  readonly #stat: number;
  readonly #small = new Uint8Array(new ArrayBuffer(128));
  #large = new Uint8Array(new ArrayBuffer(16_384));

  constructor(libc: Libc, files: ProcFiles) {
    this.#libc = libc;
    this.#loadavg = files.openRoot("loadavg");
    this.#stat = files.openRoot("stat");
  }

  /** Whether /proc/loadavg can be read (not with the mount option subset=pid). */
  get available(): boolean {
    return this.#loadavg >= 0;
  }

  /** The last pid allocated; -1 when it cannot be read. */
  lastPid(): number {
    if (this.#loadavg < 0) return -1;
    const length = this.#libc.pread(this.#loadavg, this.#small, 0);
    return length <= 0 ? -1 : lastPidOf(this.#small, length);
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
    if (this.#loadavg >= 0) this.#libc.close(this.#loadavg);
    if (this.#stat >= 0) this.#libc.close(this.#stat);
  }
}
