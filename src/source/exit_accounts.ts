/**
 * Accounts for the connector, where the kernel gives no exit records: zombies that are still there
 * when their exit is read.
 *
 * @module
 */
import type { Libc } from "../../ffi/libc.ts";
import type { BatchWriter } from "../model/batch.ts";
import { TICK_NS } from "../model/process.ts";
import type { ProcFiles } from "./proc_files.ts";
import { ZombieAccounts } from "./zombie_account.ts";

/** So many accounts are remembered at least, lest another thread's exit tell them again. */
const TOLD_COUNT = 4096;

/** So many exits of a drain are looked at: more are a storm, and the capture must keep up. */
const LOOKS = 256;

/** Follows execs and exits. */
export class ExitAccounts {
  readonly #libc: Libc;
  readonly #zombies: ZombieAccounts;
  /** What has exec'd: its io file, by pid. */
  readonly #ios = new Map<number, number>();
  #looksLeft = LOOKS;
  /** Starts of those that were told, by pid: the newer half, and the older. */
  #told = new Map<number, number>();
  #toldBefore = new Map<number, number>();

  constructor(libc: Libc, files: ProcFiles) {
    this.#libc = libc;
    this.#zombies = new ZombieAccounts(libc, files);
  }

  /** The process behind `handle` runs a new program: it is met while it lives. */
  met(pid: number, handle: number): void {
    const io = this.#zombies.openIo(handle, pid);
    this.#release(pid);
    if (io >= 0) this.#ios.set(pid, io);
  }

  /** Exits are about to be read. */
  beginDrain(): void {
    this.#looksLeft = LOOKS;
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
