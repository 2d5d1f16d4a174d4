/**
 * Accounts for the connector, where the kernel gives no exit records: zombies that are still there
 * when their exit is read.
 *
 * @module
 */
import type { Libc } from "../../../ffi/libc.ts";
import { TASK } from "../../../ffi/linux.ts";
import type { BatchWriter } from "../../model/batch.ts";
import { TICK_NS } from "../../model/process.ts";
import { heldProcesses } from "../descriptors.ts";
import type { ProcFiles } from "../proc_files.ts";
import { ZombieAccounts } from "../zombie_account.ts";

/** So many accounts are remembered at least, lest another thread's exit tell them again. */
const TOLD_COUNT = 4096;

/** So many exits of a drain are looked at: more are a storm, and the capture must keep up. */
const LOOKS = 256;
/** So many of its forks, likewise. */
const MEETINGS = 256;

/** Follows forks, execs and exits. */
export class ExitAccounts {
  readonly #libc: Libc;
  readonly #zombies: ZombieAccounts;
  readonly #files: ProcFiles;
  /** Of who lives, or did when that was looked at: its io file, by pid. */
  readonly #ios = new Map<number, number>();
  /** How many of them may be open. */
  readonly #most: number;
  #looksLeft = LOOKS;
  #meetingsLeft = MEETINGS;
  /** Starts of those that were told, by pid: the newer half, and the older. */
  #told = new Map<number, number>();
  #toldBefore = new Map<number, number>();

  constructor(libc: Libc, files: ProcFiles) {
    this.#libc = libc;
    this.#files = files;
    this.#most = heldProcesses(Math.max(0, libc.raiseLimit(TASK.RLIMIT_NOFILE)), 1);
    this.#zombies = new ZombieAccounts(libc, files);
  }

  /** The process behind `handle` runs a new program: it is met while it lives. */
  met(pid: number, handle: number): void {
    this.#release(pid);
    if (this.#ios.size >= this.#most) return;
    const io = this.#zombies.openIo(handle, pid);
    if (io >= 0) this.#ios.set(pid, io);
  }

  /** A process was forked that may end without an exec. */
  forked(pid: number): void {
    if (--this.#meetingsLeft >= 0) this.found(pid);
  }

  /** A process is there: it is met unless it was. What has had its pid before has ended. */
  found(pid: number): void {
    if (this.#ios.has(pid)) return;
    const handle = this.#files.openProcess(pid);
    if (handle < 0) return;
    this.met(pid, handle);
    this.#libc.close(handle);
  }

  /** Forks and exits are about to be read. */
  beginDrain(): void {
    this.#looksLeft = LOOKS;
    this.#meetingsLeft = MEETINGS;
  }

  /**
   * A task of process `pid` exited at `exitedAt`: tells what the process has cost, with the time
   * `now`, if that was its last task and its parent has not waited for it.
   */
  exited(pid: number, isLeader: boolean, exitedAt: number, now: number, writer: BatchWriter): void {
    if (--this.#looksLeft < 0) {
      if (isLeader) this.#release(pid);
      return;
    }
    const told = this.#told.get(pid) ?? this.#toldBefore.get(pid) ?? -1;
    const startMax = Math.floor(exitedAt / TICK_NS);
    const io = this.#ios.get(pid) ?? -1;
    const start = this.#zombies.tell({ pid, startMin: told + 1, startMax, io }, now, writer);
    if (start !== null) this.#remember(pid, start);
    if (start !== null || isLeader) this.#release(pid);
  }

  /** Exits were lost: what was kept for them is let go. */
  forget(): void {
    for (const io of this.#ios.values()) this.#libc.close(io);
    this.#ios.clear();
  }

  #remember(pid: number, start: number): void {
    if (this.#told.size >= TOLD_COUNT) {
      this.#toldBefore = this.#told;
      this.#told = new Map();
    }
    this.#told.set(pid, start);
  }

  #release(pid: number): void {
    const io = this.#ios.get(pid);
    if (io === undefined) return;
    this.#libc.close(io);
    this.#ios.delete(pid);
  }
}
