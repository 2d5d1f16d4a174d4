/**
 * One registered application: which forks it is told of, and what waits for it.
 *
 * @module
 */
import { Lineage } from "../model/lineage.ts";
import type { ThreadTime } from "../model/common_shares.ts";
import type { Process } from "../model/process.ts";
import type { Shares } from "../model/shares.ts";
import { REGISTRATION_LIMITS } from "./limits.ts";
import { PairQueue } from "./pair_queue.ts";
import { payer, type Peer } from "./protocol.ts";
import { isFull, isGone, type Signals } from "./signals.ts";

/** Signals that are sent before the clock is looked at. */
const DRAINED_AT_ONCE = 64;

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
  readonly time: ThreadTime;
  /** Signals that wait, by who has registered their receiver. */
  readonly waiting: Shares;
  look(pid: number): Sight | null;
  /** Nanoseconds since boot. */
  now(): number;
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
  /** Of them, those that subscribers have been told of, and when the first of the others was. */
  told = 0;
  lostSince = 0;
  /** The receiver has ended. */
  gone = false;
  readonly #waiting = new PairQueue();
  /** Until when the receiver is believed to be its owner's. */
  #ownUntil = -Infinity;
  readonly #payer: number;
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
    this.#payer = payer(owner);
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
    while (waiting.length > 0 && !this.gone && this.#mayTell()) {
      const began = this.#host.time.now();
      const sent = this.#sendSome();
      this.#host.time.spend(this.#payer, began);
      if (!sent) break;
    }
    return waiting.length < before;
  }

  /** Nothing waits any more: what did is given up. */
  close(): void {
    this.#host.waiting.give(this.#payer, this.#waiting.length);
  }

  /** The receiver is looked at again: it may run as another user by now. */
  doubt(): void {
    this.#ownUntil = -Infinity;
  }

  /** Sends a few of those that wait; false when the receiver's queue is full. */
  #sendSome(): boolean {
    const waiting = this.#waiting;
    for (let n = 0; n < DRAINED_AT_ONCE && waiting.length > 0 && !this.gone; n++) {
      if (!this.#send(waiting.first, waiting.second)) return false;
      waiting.shift();
      this.#host.waiting.give(this.#payer, 1);
    }
    return true;
  }

  #mayTell(): boolean {
    return this.#host.time.may(this.#payer);
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
    const mayTell = this.#waiting.length === 0 && this.#mayTell();
    if (mayTell && this.#send(forker, child)) return;
    if (this.gone) return;
    const { waiting } = this.#host;
    const isFull = this.#waiting.length >= REGISTRATION_LIMITS.waiting.most;
    if (isFull || waiting.left(this.#payer) < 1) {
      this.#lose();
    } else {
      waiting.charge(this.#payer, 1);
      this.#waiting.push(forker, child);
    }
  }

  #lose(): void {
    if (this.lost++ === this.told) this.lostSince = this.#host.now();
  }

  /** False when the receiver's queue is full, or nobody can tell whose it is. */
  #send(forker: number, child: number): boolean {
    const isOwn = this.#isStillOwn();
    if (isOwn === null) return false;
    if (!isOwn) {
      this.gone = true;
      return true;
    }
    const result = this.#host.signals.tell(this.pidfd, this.wish.sig, forker, child);
    if (isFull(result)) return false;
    if (result >= 0) this.sent++;
    else if (isGone(result)) this.gone = true;
    else this.#lose(); // It runs as somebody else now, whom this server may not signal.
    return true;
  }

  /**
   * Ordinary users may have nobody signalled whom they may not signal themselves (kill(2)): a
   * process that has become another user's since. The pidfd lives, so its pid is nobody else's.
   * /proc is asked now and then, not for each fork, and whenever the source tells of such a change;
   * null when it cannot be read.
   */
  #isStillOwn(): boolean | null {
    if (this.owner.privileged) return true;
    const now = this.#host.time.passed();
    if (now < this.#ownUntil) return true;
    const sight = this.#look();
    if (sight === undefined) return null;
    this.#ownUntil = now + REGISTRATION_LIMITS.ownMs;
    return sight === null || sight.uid === this.owner.uid;
  }

  /** Undefined where /proc could not be read, for want of descriptors say. */
  #look(): Sight | null | undefined {
    try {
      return this.#host.look(this.wish.pid);
    } catch {
      return undefined;
    }
  }
}
