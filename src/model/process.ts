/**
 * A process: boot, pid and start time, never a bare pid.
 *
 * @module
 */
import type { Account } from "./account.ts";
import { type BootClock, NO_BOOT } from "./boot.ts";
import { type Image, NO_IMAGE } from "./image.ts";
import { LIFECYCLE, type LifeState } from "./lifecycle.ts";

/** Nanoseconds in a tick of /proc/PID/stat's times: USER_HZ is 100 on every Linux ABI. */
export const TICK_NS = 10_000_000;

/** A group that processes are in by birth; src/jobs/ has all that there is to know of it. */
export interface Job {
  /** Its number in the history. */
  readonly id: number;
  /** Unique among the open jobs of its owner. */
  readonly name: string;
  /** uid of who has made it. */
  readonly owner: number;
  /** When it ended, nanoseconds since boot; null while it is open. */
  readonly until: number | null;
}

/** The jobs of who is in none; the same object for all of them. */
export const NO_JOBS: readonly never[] = [];

const STATES = Object.keys(LIFECYCLE) as LifeState[];
const STATE_MASK = 7;
/** Bits of what is known of a process; those below are its state, as an index. */
const MARK = {
  dumped: 8,
  announced: 16,
  exact: 32,
  accounted: 64,
  counted: 128,
  unheard: 256,
  holds: 512,
  kernel: 1024,
  moreAbove: 2048,
  adopted: 4096,
} as const;

/** One process life, from fork to exit. Times are nanoseconds since boot. */
export class Process {
  /** Thread group id. */
  readonly pid: number;
  /** What the id is made of: the start, or the first sight of it where the start is unknown. */
  readonly born: number;
  /** Tells apart lives of one pid that began in the same clock tick; 0 for the first. */
  readonly nth: number;
  /** The boot in which it lived: its ids and the times of its clock are of that. */
  readonly boot: BootClock;
  /** When it was forked; null when that was not seen and is not known. */
  start: number | null = null;
  /** When it ended; null while it lives. */
  end: number | null = null;
  /** pid of the process that forked it; null when not known. */
  ppid: number | null = null;
  /** The process that forked it, dead or alive; null when not known or forgotten. */
  parent: Process | null = null;
  /** pid of the process the kernel names as parent now; null when it is the parent itself. */
  reaper: number | null = null;
  /** Real uid in the initial user namespace; null when not known. */
  uid: number | null = null;
  /** What it runs. */
  image: Image = NO_IMAGE;
  /** Tasks it has, the leader included while it lives. */
  threads = 1;
  /** Thread events up to this time are in `threads` already. */
  asOf = 0;
  /** Wait status as of wait(2): known from an exit, null before and where it was not given. */
  status: number | null = null;
  /** Known children that are not forgotten; while there are any, neither is this process. */
  kept = 0;
  /** The number by which the history knows it; 0 while it knows it not. */
  key = 0;
  /** What its tasks that have ended have cost; null where nothing is known of that. */
  account: Account | null = null;
  /** The jobs it is in; processes that share them share the array. */
  jobs: readonly Job[] = NO_JOBS;
  /** State and marks in one field: a hundred thousand of these are held at times. */
  #marks = 0;

  /** A process of which no more is known than its identity. */
  constructor(pid: number, born: number, nth: number, boot: BootClock = NO_BOOT) {
    this.pid = pid;
    this.born = born;
    this.nth = nth;
    this.boot = boot;
  }

  /** Where it is in its life. */
  get state(): LifeState {
    return STATES[this.#marks & STATE_MASK]!;
  }

  set state(state: LifeState) {
    this.#marks = this.#marks & ~STATE_MASK | STATES.indexOf(state);
  }

  /** It dumped core (a coredump event came before its exit). */
  get dumped(): boolean {
    return (this.#marks & MARK.dumped) !== 0;
  }

  set dumped(is: boolean) {
    this.#mark(MARK.dumped, is);
  }

  /** Its fork was reported. */
  get announced(): boolean {
    return (this.#marks & MARK.announced) !== 0;
  }

  set announced(is: boolean) {
    this.#mark(MARK.announced, is);
  }

  /** The start comes from its fork event, not from a clock tick or a first sight. */
  get exact(): boolean {
    return (this.#marks & MARK.exact) !== 0;
  }

  set exact(is: boolean) {
    this.#mark(MARK.exact, is);
  }

  /** The account is that of the whole process: its last task has ended. */
  get accounted(): boolean {
    return (this.#marks & MARK.accounted) !== 0;
  }

  set accounted(is: boolean) {
    this.#mark(MARK.accounted, is);
  }

  /**
   * `threads` is exact: all of them were seen to begin. A scan may count a thread whose event is
   * still to come, or miss one whose event is said to be in the count.
   */
  get counted(): boolean {
    return (this.#marks & MARK.counted) !== 0;
  }

  set counted(is: boolean) {
    this.#mark(MARK.counted, is);
  }

  /** A zombie when the first scan looked: its exit may still be told, if it came since. */
  get unheard(): boolean {
    return (this.#marks & MARK.unheard) !== 0;
  }

  set unheard(is: boolean) {
    this.#mark(MARK.unheard, is);
  }

  /** Its image is counted as one that it has. */
  get holds(): boolean {
    return (this.#marks & MARK.holds) !== 0;
  }

  set holds(is: boolean) {
    this.#mark(MARK.holds, is);
  }

  /** It is a thread of the kernel: PF_KTHREAD, or forked by one and without an exec since. */
  get kernel(): boolean {
    return (this.#marks & MARK.kernel) !== 0;
  }

  set kernel(is: boolean) {
    this.#mark(MARK.kernel, is);
  }

  /** It has a parent, which is not linked: its line is longer than is followed. */
  get moreAbove(): boolean {
    return (this.#marks & MARK.moreAbove) !== 0;
  }

  set moreAbove(is: boolean) {
    this.#mark(MARK.moreAbove, is);
  }

  /**
   * Another process has forked it than the parent that /proc names, and who that was is not known:
   * it is in a session that is neither its own nor that parent's (setsid(2)).
   */
  get adopted(): boolean {
    return (this.#marks & MARK.adopted) !== 0;
  }

  set adopted(is: boolean) {
    this.#mark(MARK.adopted, is);
  }

  /**
   * The unique id: the first group of the boot id, the pid, and the start in clock ticks since
   * boot, such as `7c0a51fe-4711-88123`. `~` marks a start that is not known (the time of first
   * sight stands there), `.2` the second life of a pid within one tick.
   */
  get id(): string {
    const unknown = this.start === null ? "~" : "";
    const again = this.nth === 0 ? "" : `.${this.nth + 1}`;
    return `${this.boot.shortId}-${this.pid}-${unknown}${this.startTicks}${again}`;
  }

  /** Whether it has not ended. */
  get alive(): boolean {
    return this.state === "running" || this.state === "leaderless";
  }

  /** Life time in nanoseconds; null while it lives or when the start is not known. */
  get durationNs(): number | null {
    return this.start === null || this.end === null ? null : Math.max(0, this.end - this.start);
  }

  /** The start in clock ticks since boot, the way /proc/PID/stat counts it. */
  get startTicks(): number {
    return Math.floor(this.born / TICK_NS);
  }

  #mark(mark: number, is: boolean): void {
    this.#marks = is ? this.#marks | mark : this.#marks & ~mark;
  }
}

/**
 * Whether it is the kernel's own parent of all its threads: kthreadd is pid 2 in the initial pid
 * namespace (init/main.c rest_init()).
 */
export function isKthreadd({ pid, ppid, kernel }: Process): boolean {
  return pid === 2 && !ppid && kernel;
}

/** How a process ended, decoded from a wait status (wait(2), WIFEXITED and its kin). */
export interface ExitStatus {
  /** 0 to 255; null when a signal ended it or it is not known. */
  code: number | null;
  /** Number of the signal; null when it exited by itself or it is not known. */
  signal: number | null;
  /** It dumped core. */
  core: boolean;
}

/** Decodes a wait status; null is not known. */
export function exitStatus(status: number | null): ExitStatus {
  if (status === null) return { code: null, signal: null, core: false };
  const signal = status & 0x7f;
  if (signal !== 0) return { code: null, signal, core: (status & 0x80) !== 0 };
  return { code: (status >> 8) & 0xff, signal: null, core: false };
}
