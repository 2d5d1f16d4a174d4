/**
 * Which pids to look up, and how many tasks nobody saw.
 *
 * @module
 */
import process from "node:process";
import type { Libc } from "../../../ffi/libc.ts";
import { INIT_NS_INO } from "../../proc/namespaces.ts";
import { ownNamespace } from "../listen.ts";
import type { ProcFiles } from "../proc_files.ts";
import { DISTRUST, PidCounter, pidsBetween } from "./pid_counter.ts";

/** A pid is given out before its task can be found: how long after the look it is looked for. */
const BIRTH_NS = 10_000_000;
/** More pids than this since the last look are too many to look up one by one. */
const LOOKUPS_MAX = 20_000;
/** How often the kernel's count is held against ours. */
const ACCOUNT_NS = 100_000_000;

/**
 * What there is where the counter went by: a task forked since then, one that was there before (the
 * kernel skips its pid), or none, yet or any more.
 */
export type Found = "new" | "old" | "none";

/** Looks for the task with `pid`, which was forked after `since`. */
export type LookUp = (pid: number, since: number) => Found;

/** Follows the pid counter and holds it against what was found. */
export class Tally {
  /** Whether new pids can be known without listing /proc. */
  readonly cheap: boolean;
  /** Whether the pids of this /proc are those of our own pid namespace. */
  readonly ownNumbering: boolean;
  /** Why new pids are known late, as a sentence part; null where they are not. */
  readonly trouble: string | null;
  /** Whether the counter moved at the last look. */
  moved = false;
  readonly #files: ProcFiles;
  readonly #counter: PidCounter;
  /** Whether /proc/stat counts our pid namespace alone: it counts the host. */
  readonly #exact: boolean;
  #last = 0;
  /** /proc/stat's count when ours began. */
  #forksBefore = 0;
  #seen = 0;
  #missed = 0;
  /** How many of the missed were told, all in all. */
  #reported = 0;
  #told = 0;
  /** When the first of those that wait to be told can have been. */
  #toldSince = 0;
  /** When the counts were compared last: of what was before, nothing is unknown. */
  #soundAt = 0;
  #accountAt = 0;
  #unsettled = false;
  /** Time of the look before. */
  #lookedAt = 0;
  /** pids given out whose task was not found yet, and the look after which they were. */
  readonly #unborn = new Map<number, number>();

  constructor(libc: Libc, files: ProcFiles) {
    this.#files = files;
    this.#counter = new PidCounter(libc, files);
    this.ownNumbering = files.readSelf() === process.pid;
    this.cheap = this.#counter.available && this.ownNumbering;
    this.trouble = this.#troubleOf();
    const initial = ownNamespace(libc, files.root, "pid") === INIT_NS_INO.pid;
    this.#exact = this.cheap && initial && this.#counter.stat === "believed";
  }

  #troubleOf(): string | null {
    if (!this.ownNumbering) return "this /proc is another pid namespace's";
    if (this.cheap) return null;
    const { loadavg } = this.#counter;
    return loadavg === "believed" ? null : `/proc/loadavg ${DISTRUST[loadavg]}, so looks are rare`;
  }

  /** Starts to count from now; `list` lists all pids, for a host that hides the counter. */
  begin(now: number, list: () => number[]): void {
    this.#lookedAt = this.#soundAt = now;
    if (!this.cheap) {
      // The capture thread is new; the highest pid may be an old one, from before a wrap.
      this.#last = this.#files.readThread() ?? highest(list());
      return;
    }
    // Both counters at one moment: no pid was given out between the reads.
    for (let attempt = 0; attempt < 1000; attempt++) {
      this.#last = this.#counter.lastPid();
      this.#forksBefore = this.#counter.forks();
      if (this.#counter.lastPid() === this.#last) return;
    }
  }

  /**
   * Calls `lookUp` for each pid given out since the last look, with the time after which that
   * was. Where the counter is hidden, `listNew` lists unknown pids instead.
   */
  look(now: number, lookUp: LookUp, listNew: () => number[]): void {
    // Unknown pids are the newest: the highest is the last, below the one before after a wrap.
    const read = this.cheap ? this.#counter.lastPid() : highest(listNew());
    const last = read > 0 ? read : this.#last;
    this.moved = last !== this.#last;
    if (this.moved) {
      this.#unsettled = true;
      this.#lookRange(last, lookUp);
    } else if (this.cheap && !this.#unsettled) {
      this.#soundAt = now;
    }
    for (const [pid, since] of this.#unborn) {
      const found = lookUp(pid, since);
      if (found !== "none") {
        this.#unborn.delete(pid);
        if (found === "new") this.#seen++;
      } else if (now > since + BIRTH_NS) {
        this.#missed++;
        this.#unborn.delete(pid);
      }
    }
    this.#lookedAt = now;
    if (this.#unsettled && now >= this.#accountAt) this.#account(now);
  }

  /**
   * Counts what is still looked for as missed, and holds the counts against each other; false
   * when the counter moved meanwhile, so that there is more to look for.
   */
  settle(now: number): boolean {
    this.#missed += this.#unborn.size;
    this.#unborn.clear();
    if (this.#unsettled) this.#account(now);
    return !this.#unsettled;
  }

  /** Tasks nobody saw, since the last call, and when the first and the last can have been. */
  takeMissed(): { readonly missed: number; readonly since: number; readonly until: number } {
    const missed = this.#told;
    this.#told = 0;
    return { missed, since: this.#toldSince, until: this.#soundAt };
  }

  close(): void {
    this.#counter.close();
  }

  #lookRange(last: number, lookUp: LookUp): void {
    let lookups = 0;
    for (const { from, to } of pidsBetween(this.#last, last, this.#counter.pidMax)) {
      for (let pid = from; pid <= to; pid++) {
        if (lookups++ > LOOKUPS_MAX) {
          this.#missed++;
          continue;
        }
        const found = lookUp(pid, this.#lookedAt);
        if (found === "new") this.#seen++;
        else if (found === "none") this.#unborn.set(pid, this.#lookedAt);
      }
    }
    this.#last = last;
  }

  /** A task was found later, by other means. */
  found(): void {
    this.#seen++;
  }

  /**
   * In the initial namespace the kernel's own count decides, read while the pid counter stands
   * still; elsewhere every pid given out and not found counts (a fork that failed late does too).
   */
  #account(now: number): void {
    if (this.#unborn.size > 0) return;
    let missed = this.#missed;
    if (this.#exact) {
      const forks = this.#counter.forks();
      if (this.#counter.lastPid() !== this.#last) return;
      missed = forks - this.#forksBefore - this.#seen;
    }
    this.#unsettled = false;
    this.#accountAt = now + ACCOUNT_NS;
    const since = this.#soundAt;
    this.#soundAt = now;
    const news = missed - this.#reported;
    if (news <= 0) return;
    this.#reported = missed;
    if (this.#told === 0) this.#toldSince = since;
    this.#told += news;
  }
}

function highest(pids: readonly number[]): number {
  return pids.reduce((a, b) => Math.max(a, b), 0);
}
