/**
 * What a process has cost, for who gets no exit records: from /proc, between its end and the
 * moment when its parent waits for it.
 *
 * @module
 */
import type { Libc } from "../../ffi/libc.ts";
import { encodeFigures, type TaskFigures } from "../model/account.ts";
import type { BatchWriter } from "../model/batch.ts";
import { EVENT, SourceEvent } from "../model/event.ts";
import { TICK_NS } from "../model/process.ts";
import { type StorageBytes, storageBytesOf } from "../proc/io.ts";
import { cpuTimeOf } from "../proc/schedstat.ts";
import { parseStatInto, StatFields } from "../proc/stat.ts";
import { type Switches, switchesOf } from "../proc/switches.ts";
import type { ProcFile, ProcFiles } from "./proc_files.ts";

const ZOMBIE = 0x5a;
const TICK_US = TICK_NS / 1000;
/** A status file has some 1100 bytes, and more for a user of many groups. */
const BUFFER = 16_384;

/** A process that has ended, or may have. */
export interface Ended {
  readonly pid: number;
  /** Starts that it can have had, in clock ticks: a later process of that pid is not taken. */
  readonly startMin: number;
  readonly startMax: number;
  /** What openIo() gave while it lived: of a zombie it can be opened by root alone. */
  readonly io: number;
}

/** Reads the accounts of zombies, with one buffer for all. */
export class ZombieAccounts {
  readonly #libc: Libc;
  readonly #files: ProcFiles;
  readonly #buffer = new Uint8Array(new ArrayBuffer(BUFFER));
  readonly #stat = new StatFields();
  readonly #event = new SourceEvent();

  constructor(libc: Libc, files: ProcFiles) {
    this.#libc = libc;
    this.#files = files;
  }

  /** Opens what is wanted of process `pid` while it lives, behind `handle`; negative: refused. */
  openIo(handle: number, pid: number): number {
    return this.#files.openTaskIo(handle, pid);
  }

  /**
   * Tells the account of a process that has ended, at `time`; when it started, in clock ticks, or
   * null when it lives, is gone or may not be looked at: then nothing is told.
   */
  tell(ended: Ended, time: number, writer: BatchWriter): number | null {
    const figures = this.read(ended);
    if (figures === null) return null;
    const event = this.#event.reset(EVENT.account, time, ended.pid, ended.pid);
    event.a = 1;
    event.text = encodeFigures(figures);
    writer.add(event);
    return this.#stat.startTicks;
  }

  /** The account of a process that has ended; null as for {@linkcode ZombieAccounts.tell}. */
  read(ended: Ended): TaskFigures | null {
    const handle = this.#files.openProcess(ended.pid);
    if (handle < 0) return null;
    const figures = this.#readFrom(handle, ended);
    this.#libc.close(handle);
    return figures;
  }

  #readFrom(handle: number, { startMin, startMax, io }: Ended): TaskFigures | null {
    const stat = this.#stat;
    if (!parseStatInto(this.#buffer, this.#readFile(handle, "stat"), stat)) return null;
    // While other threads live, its leader alone is a zombie.
    if (stat.state !== ZOMBIE || stat.threads !== 1) return null;
    if (stat.startTicks < startMin || stat.startTicks > startMax) return null;
    const storage = io < 0 ? this.#readLateIo(handle, stat.pid) : this.#readIo(io);
    if (storage === null) return null;
    const leaderNs = cpuTimeOf(this.#buffer, this.#readFile(handle, "schedstat"));
    if (leaderNs <= 0) return null;
    const switches = switchesOf(this.#buffer, this.#readFile(handle, "status"));
    return switches === null ? null : zombieFigures(stat, leaderNs, storage, switches);
  }

  #readIo(io: number): StorageBytes | null {
    const length = this.#libc.pread(io, this.#buffer, 0);
    return storageBytesOf(this.#buffer, Math.max(0, length));
  }

  #readLateIo(handle: number, pid: number): StorageBytes | null {
    const io = this.openIo(handle, pid);
    if (io < 0) return null;
    const storage = this.#readIo(io);
    this.#libc.close(io);
    return storage;
  }

  #readFile(handle: number, name: ProcFile): number {
    return Math.max(0, this.#files.readFile(handle, name, this.#buffer));
  }
}

/**
 * Puts together what /proc has of a zombie. Its stat line counts all threads, in whole ticks of
 * 10 ms for user and for system time; the kernel makes them from the exact time, so that is less
 * than two ticks more than their sum. `leaderNs` is exact, and of the first thread alone: of a
 * process that had no other it is the whole, and where the ticks are more there were others. The
 * larger is never too much, and too little by less than two ticks, for a process with threads.
 * Storage and context switches are those of the first thread: of a process with threads, a part.
 * Where the ticks are none, all time counts as user time.
 */
export function zombieFigures(
  stat: Pick<StatFields, "utime" | "stime" | "minflt" | "majflt">,
  leaderNs: number,
  storage: StorageBytes,
  switches: Switches,
): TaskFigures {
  return {
    cpuNs: Math.max(leaderNs, (stat.utime + stat.stime) * TICK_NS),
    userUs: stat.utime * TICK_US,
    systemUs: stat.stime * TICK_US,
    minorFaults: stat.minflt,
    majorFaults: stat.majflt,
    // Its memory is gone, and what that was at its largest with it.
    peakKib: 0,
    ...storage,
    ...switches,
  };
}
