/**
 * The registered applications: who may register what, and whom a fork is told to.
 *
 * @module
 */
import { maySee } from "../ask/viewer.ts";
import { ERRNO, errnoName } from "../../ffi/errno.ts";
import type { ThreadTime } from "../model/common_shares.ts";
import type { Process } from "../model/process.ts";
import { Shares } from "../model/shares.ts";
import { REGISTRATION_LIMITS, type ShareLimits } from "./limits.ts";
import { Refusal } from "../fault.ts";
import {
  checkNames,
  payer,
  type Peer,
  readFlag,
  readPid,
  readScope,
  readSignal,
  type Request,
} from "./protocol.ts";
import { Registration, type RegistrationHost, type Sight, type Wish } from "./registration.ts";
import { isGone, type Signals } from "./signals.ts";

/** What pidfd_open(2) says of no process, and of a thread that does not lead one. */
const NO_PROCESS: ReadonlySet<number> = new Set([ERRNO.ESRCH, ERRNO.ENOENT, ERRNO.EINVAL]);
/** A full receiver is tried again after so long, and then ever more seldom. */
const RETRY_MS = { min: 5, max: 250 } as const;
/** Losses are told at most so often. */
const TELL_MS = 1000;

/** What a registry needs of the world. */
export interface RegistryHost {
  readonly signals: Signals;
  readonly time: ThreadTime;
  /** Whether the source sees threads. */
  readonly seesThreads: boolean;
  /** What /proc shows of a process; null when it is not there. */
  look(pid: number): Sight | null;
  /** Nanoseconds since boot. */
  now(): number;
  /** Has died() called when the process of a pidfd has ended. */
  watch(pidfd: number, tag: number): void;
  /** Ends a watch, and closes the pidfd. */
  unwatch(pidfd: number): void;
  /** So many signals to a registered process were lost. */
  onLost(registration: Registration, lost: number): void;
}

/** A registration as `listeners` tells it. */
export interface ListenerRow {
  readonly pid: number;
  /** Clock ticks since boot: with the pid, what its id is made of. */
  readonly startTicks: number;
  readonly comm: string;
  readonly uid: number;
  readonly sig: number;
  readonly scope: unknown;
  readonly exclusive: boolean;
  readonly threads: boolean;
  /** Nanoseconds since boot. */
  readonly since: number;
  readonly sent: number;
  readonly waiting: number;
  readonly lost: number;
}

/** All registrations of one server. */
export class Registry {
  readonly #host: RegistryHost;
  readonly #byPid = new Map<number, Registration>();
  #all: Registration[] = [];
  /** The same by whose forks they are told of: everybody's, or those of one user alone. */
  #ofAll: Registration[] = [];
  readonly #ofUser = new Map<number, Registration[]>();
  readonly #slots = sharesOf(REGISTRATION_LIMITS.slots);
  #tags = 0;
  #retry: ReturnType<typeof setTimeout> | null = null;
  #retryMs: number = RETRY_MS.min;
  #toldAt = -Infinity;

  readonly #forOne: RegistrationHost;

  constructor(host: RegistryHost) {
    this.#host = host;
    this.#forOne = {
      signals: host.signals,
      time: host.time,
      waiting: sharesOf(REGISTRATION_LIMITS.waiting),
      look: (pid) => host.look(pid),
      now: () => host.now(),
    };
  }

  /** How many there are. */
  get size(): number {
    return this.#all.length;
  }

  /** Does a `register`; the fields of the answer. Throws {@linkcode Refusal}. */
  register(peer: Peer, request: Request): Record<string, unknown> {
    checkNames(request, ["pid", "sig", "scope", "exclusive", "threads"]);
    const wish = readWish(request.params, this.#pidIn(peer, request));
    const { pid, sig, scope, exclusive, threads } = wish;
    if (threads && !this.#host.seesThreads) {
      const message = "Cannot tell of threads: the poll source does not see them";
      throw new Refusal("EOPNOTSUPP", `${message}; leave threads out`);
    }
    if (exclusive && !peer.privileged) {
      const message = "Not permitted: exclusive is for root and for who runs the server";
      throw new Refusal("EPERM", `${message}; leave it out`);
    }
    const { signals } = this.#host;
    const pidfd = signals.open(pid);
    if (pidfd < 0 && !NO_PROCESS.has(-pidfd)) throw notOpened(pid, pidfd);
    try {
      // The pidfd comes first: what is seen of the pid afterwards is about that process.
      const receiver = this.#see(pid, peer, pidfd >= 0);
      const above = scope === null ? null : this.#see(scope, peer, true);
      const result = signals.probe(pidfd);
      if (result < 0) throw unreachable(pid, result);
      this.#claimSlot(peer, wish);
      const known = { receiver, scope: above, since: this.#host.now(), pidfd };
      const added = new Registration(++this.#tags, wish, peer, known, this.#forOne);
      this.#drop(this.#byPid.get(pid));
      this.#add(added);
      this.#host.watch(pidfd, added.tag);
    } catch (error) {
      if (pidfd >= 0) signals.close(pidfd);
      throw error;
    }
    return { pid, sig, scope: scopeField(scope), exclusive, threads };
  }

  /** Does an `unregister`; the fields of the answer. Throws {@linkcode Refusal}. */
  unregister(peer: Peer, request: Request): Record<string, unknown> {
    checkNames(request, ["pid"]);
    const pid = this.#pidIn(peer, request);
    const found = this.#byPid.get(pid);
    if (found === undefined) return { pid, removed: 0 };
    if (!peer.privileged && found.owner.uid !== peer.uid && !this.#isItself(peer, pid)) {
      const message = `Not permitted: uid ${found.owner.uid} has registered ${pid}`;
      throw new Refusal("EPERM", `${message}; that user, ${pid} itself or root may end it`);
    }
    this.#drop(found);
    return { pid, removed: 1 };
  }

  /** What a peer may see of the registrations. */
  list(peer: Peer): ListenerRow[] {
    return this.#all.filter(({ owner, receiver }) =>
      maySee(peer, owner.uid) || maySee(peer, receiver.uid)
    ).map((one) => {
      const { wish: { pid, sig, scope, exclusive, threads }, receiver, owner } = one;
      return {
        pid,
        startTicks: receiver.startTicks,
        comm: receiver.comm,
        uid: owner.uid,
        sig,
        scope: scopeField(scope),
        exclusive,
        threads,
        since: one.since,
        sent: one.sent,
        waiting: one.waiting,
        lost: one.lost,
      };
    });
  }

  /** A process was forked. */
  fork(time: number, child: Process): void {
    for (const one of this.#ofAll) one.fork(time, child);
    this.#afterTelling(this.#ofAll);
    const own = this.#ownOf(child);
    if (own === undefined) return;
    const began = this.#host.time.now();
    for (const one of own) one.fork(time, child);
    this.#host.time.spend(child.uid!, began);
    this.#afterTelling(own);
  }

  /** A thread was created. */
  thread(time: number, process: Process, tid: number): void {
    for (const one of this.#ofAll) one.thread(time, process, tid);
    this.#afterTelling(this.#ofAll);
    const own = this.#ownOf(process);
    if (own === undefined) return;
    const began = this.#host.time.now();
    for (const one of own) one.thread(time, process, tid);
    this.#host.time.spend(process.uid!, began);
    this.#afterTelling(own);
  }

  /** A process runs as another user now, or as another program. */
  changed({ pid }: Process): void {
    this.#byPid.get(pid)?.doubt();
  }

  /** Those that are told of one user's processes alone. */
  #ownOf({ uid }: Process): readonly Registration[] | undefined {
    return uid === null ? undefined : this.#ofUser.get(uid);
  }

  /** A watched process has ended. */
  died(tag: number): void {
    this.#drop(this.#all.find((one) => one.tag === tag));
  }

  /** Ends all registrations. */
  close(): void {
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
    for (const one of [...this.#all]) this.#drop(one);
  }

  #tellLostOf(one: Registration): void {
    if (one.lost > one.told) this.#host.onLost(one, one.lost - one.told);
    one.told = one.lost;
  }

  /** The pid that is given, or that of the peer. */
  #pidIn(peer: Peer, { params }: Request): number {
    const given = readPid("pid", params["pid"]);
    if (given !== undefined) return given;
    if (this.#isItself(peer, peer.pid)) return peer.pid;
    throw new Refusal("EFAULT", "Missing parameter: pid; yours is not known here, so give one");
  }

  /** Whether the process that has connected lives, and has that pid: another may have it now. */
  #isItself({ pid, startTicks }: Peer, other: number): boolean {
    if (pid !== other || pid <= 0 || startTicks === null) return false;
    return this.#host.look(pid)?.startTicks === startTicks;
  }

  #see(pid: number, peer: Peer, opened: boolean): Sight {
    const sight = opened ? this.#host.look(pid) : null;
    if (sight === null) {
      throw new Refusal("ESRCH", `No process ${pid}: it is not in /proc; give one that runs`);
    }
    if (maySee(peer, sight.uid)) return sight;
    const message = `Not permitted: process ${pid} belongs to uid ${sight.uid}`;
    throw new Refusal("EPERM", `${message}; register your own, or ask root`);
  }

  #claimSlot(peer: Peer, { pid, exclusive }: Wish): void {
    const standing = this.#all.find((one) => one.wish.exclusive);
    if (standing !== undefined) {
      throw new Refusal("EUSERS", `Cannot register: ${standing.wish.pid} is the only one; wait`);
    }
    if (exclusive && this.#all.length > 0) {
      const message = `Cannot be the only one: ${this.#all.length} are registered`;
      throw new Refusal("EUSERS", `${message}; see fh listeners`);
    }
    if (this.#byPid.has(pid)) return;
    if (this.#slots.left(payer(peer)) >= 1) return;
    const held = this.#slots.held(payer(peer));
    const message = `Cannot register: your share of the slots is taken, ${held} of them`;
    throw new Refusal("EUSERS", `${message}; unregister one`);
  }

  #add(one: Registration): void {
    const { wish: { pid }, owner } = one;
    const { uid } = owner;
    this.#byPid.set(pid, one);
    this.#slots.charge(payer(owner), 1);
    this.#all.push(one);
    if (owner.privileged) this.#ofAll.push(one);
    else this.#ofUser.set(uid, [...this.#ofUser.get(uid) ?? [], one]);
  }

  #drop(one: Registration | undefined): void {
    if (one === undefined || this.#byPid.get(one.wish.pid) !== one) return;
    this.#tellLostOf(one);
    const { wish: { pid }, owner } = one;
    const { uid } = owner;
    const isOther = (other: Registration) => other !== one;
    this.#byPid.delete(pid);
    this.#slots.give(payer(owner), 1);
    this.#all = this.#all.filter(isOther);
    this.#ofAll = this.#ofAll.filter(isOther);
    const own = this.#ofUser.get(uid)?.filter(isOther) ?? [];
    if (own.length > 0) this.#ofUser.set(uid, own);
    else this.#ofUser.delete(uid);
    one.close();
    this.#host.unwatch(one.pidfd);
  }

  /** Drops who has ended, and looks after who has to wait. */
  #afterTelling(told: readonly Registration[]): void {
    if (this.#retry !== null) return;
    let waits = false;
    for (const one of told) {
      if (one.gone) this.#drop(one);
      else waits ||= one.waiting > 0 || one.lost > one.told;
    }
    if (waits) this.#retryIn(RETRY_MS.min);
  }

  #retryIn(ms: number): void {
    this.#retryMs = ms;
    this.#retry = setTimeout(() => this.#drain(), ms);
  }

  #drain(): void {
    this.#retry = null;
    let progress = false;
    for (const one of this.#all) if (one.waiting > 0) progress = one.drain() || progress;
    this.#tellLost();
    for (const one of this.#all) if (one.gone) this.#drop(one);
    if (!this.#all.some(({ waiting, lost, told }) => waiting > 0 || lost > told)) return;
    this.#retryIn(progress ? RETRY_MS.min : Math.min(this.#retryMs * 2, RETRY_MS.max));
  }

  #tellLost(): void {
    const now = performance.now();
    if (now < this.#toldAt + TELL_MS) return;
    for (const one of this.#all) {
      if (one.lost === one.told) continue;
      this.#toldAt = now;
      this.#tellLostOf(one);
    }
  }
}

function sharesOf({ total, reserve, most }: Required<ShareLimits>): Shares {
  return new Shares(total, reserve, most);
}

function readWish(params: Request["params"], pid: number): Wish {
  const { sig, scope, exclusive, threads } = params;
  return {
    pid,
    sig: readSignal(sig),
    scope: readScope(scope),
    exclusive: readFlag("exclusive", exclusive),
    threads: readFlag("threads", threads),
  };
}

function notOpened(pid: number, result: number): Refusal {
  if (result === -ERRNO.ENOSYS) {
    const message = "Cannot tell anybody: this kernel has no pidfd_open(2)";
    return new Refusal("EOPNOTSUPP", `${message}; it takes Linux 5.3`);
  }
  return new Refusal("EIO", `Cannot open process ${pid}: ${errnoName(-result)}; try again`);
}

function scopeField(scope: number | null): unknown {
  return scope === null ? "all" : { descendants_of: scope };
}

function unreachable(pid: number, result: number): Refusal {
  if (isGone(result)) return new Refusal("ESRCH", `No process ${pid}: it has just ended`);
  const message = `Not permitted: this server may not signal ${pid}`;
  return new Refusal("EPERM", `${message}; run it as root, or as the user of that process`);
}
