/**
 * One registered application: which forks it is told of, and what waits for it.
 *
 * @module
 */
import { Lineage } from "../model/lineage.ts";
import type { Process } from "../model/process.ts";
import { PairQueue } from "./pair_queue.ts";
import type { Peer } from "./protocol.ts";
import { isFull, isGone, type Signals } from "./signals.ts";

/** Signals that wait for one receiver whose queue is full; what comes beyond is lost. */
export const WAITING_MAX: number = 1 << 20;

/** What a process is known by when it is looked up. */
export interface Sight {
  /** Real uid. */
  readonly uid: number;
  /** Clock ticks since boot. */
  readonly startTicks: number;
  readonly comm: string;
}

/** What is asked for, as the request has it. */
export interface Wish {
  readonly pid: number;
  readonly sig: number;
  /** The process whose forks, and those of its descendants, are told; null for all. */
  readonly scope: number | null;
  readonly exclusive: boolean;
  readonly threads: boolean;
}

/** What a registration needs of the registry. */
export interface RegistrationHost {
  readonly signals: Signals;
  look(pid: number): Sight | null;
  /** Whether another signal may wait for a receiver of that owner. */
  mayWait(owner: Peer): boolean;
}

/** A registration. */
export class Registration {
  /** Tells it from an earlier one of the same pid. */
  readonly tag: number;
  readonly wish: Wish;
  readonly owner: Peer;
  readonly receiver: Sight;
  /** Nanoseconds since boot. */
  readonly since: number;
  readonly pidfd: number;
  /** Signals that were queued to the receiver. */
  sent = 0;
  /** Signals that were not, for want of room. */
  lost = 0;
  /** Of them, those that subscribers have been told of. */
  told = 0;
  /** The receiver has ended. */
  gone = false;
  readonly #waiting = new PairQueue(WAITING_MAX);
  readonly #lineage: Lineage | null;

  readonly #host: RegistrationHost;

  constructor(
    tag: number,
    wish: Wish,
    owner: Peer,
    known: { receiver: Sight; scope: Sight | null; since: number; pidfd: number },
    host: RegistrationHost,
  ) {
    this.tag = tag;
    this.wish = wish;
    this.owner = owner;
    this.receiver = known.receiver;
    this.since = known.since;
    this.pidfd = known.pidfd;
    this.#host = host;
    const { scope } = known;
    this.#lineage = scope === null ? null : new Lineage([wish.scope!], scope.startTicks);
  }

  /** Signals that wait for room in the receiver's queue. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Tells of a new process. */
  fork(time: number, child: Process): void {
    if (time < this.since || !this.#concerns(child, false)) return;
    this.#tell(child.ppid ?? 0, child.pid);
  }

  /** Tells of a new thread of a process. */
  thread(time: number, process: Process, tid: number): void {
    if (!this.wish.threads || time < this.since || !this.#concerns(process, true)) return;
    this.#tell(process.pid, tid);
  }

  /** Sends what waits as far as there is room; whether anything was sent. */
  drain(): boolean {
    const waiting = this.#waiting;
    const before = waiting.length;
    while (waiting.length > 0 && !this.gone) {
      if (!this.#send(waiting.first, waiting.second)) break;
      waiting.shift();
    }
    return waiting.length < before;
  }

  /** Whether a fork, or a new thread, is one this application is to be told of. */
  #concerns(process: Process, itself: boolean): boolean {
    if (!this.owner.privileged && process.uid !== this.owner.uid) return false;
    const lineage = this.#lineage;
    if (lineage === null) return true;
    // Forks by the descendants are wanted, not the one by which the first of them began.
    return lineage.has(process) && (itself || !lineage.isRoot(process));
  }

  #tell(forker: number, child: number): void {
    // What waits goes first: signals come in the order of the forks.
    if (this.#waiting.length === 0 && this.#send(forker, child)) return;
    if (this.gone) return;
    if (!this.#host.mayWait(this.owner) || !this.#waiting.push(forker, child)) this.lost++;
  }

  /** False when the receiver's queue is full. */
  #send(forker: number, child: number): boolean {
    if (!this.#isStillOwn()) {
      this.gone = true;
      return true;
    }
    const result = this.#host.signals.tell(this.pidfd, this.wish.sig, forker, child);
    if (isFull(result)) return false;
    if (result >= 0) this.sent++;
    else if (isGone(result)) this.gone = true;
    else this.lost++; // It runs as somebody else now, whom this server may not signal.
    return true;
  }

  /**
   * Who is not privileged may have nobody signalled whom he may not signal himself (kill(2)): a
   * process that has become another user's since. The pidfd lives, so its pid is nobody else's.
   */
  #isStillOwn(): boolean {
    if (this.owner.privileged) return true;
    const sight = this.#host.look(this.wish.pid);
    return sight === null || sight.uid === this.owner.uid;
  }
}
