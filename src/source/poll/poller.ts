/**
 * The poller source: any user, any container, no ptrace. New pids come from the kernel's pid
 * counter, exits and their codes from pidfds, execs from a doorbell and a second look.
 *
 * What it cannot see, and says so where it can:
 * - a task that is gone before the next look: counted, be it a process or a thread (`missed`);
 * - an exec of the same program with the same arguments, and one that another follows before the
 *   next look;
 * - whether a command line was rewritten (setproctitle) or a program executed, where nothing else
 *   has changed: told as an exec that is `inferred`;
 * - the parent of a process whose parent had ended by then: the reaper stands in its place;
 * - changes of gid, session and tracer, and core dumps before the exit;
 * - whether a task that hidepid hides is new, when the pid counter goes by: it counts as new;
 * - what a process has cost, where its parent has waited for it before the next look.
 *
 * @module
 */
import type { Libc } from "../../../ffi/libc.ts";
import type { BatchWriter } from "../../model/batch.ts";
import { EVENT, FLAG, type SourceEvent, UNKNOWN } from "../../model/event.ts";
import { Image } from "../../model/image.ts";
import { TICK_NS } from "../../model/process.ts";
import { hasEnded, isKernelThread, isReleased } from "../../proc/stat.ts";
import type { CaptureOptions, LiveSource, SourceInfo } from "../capture.ts";
import type { Clocks } from "../clocks.ts";
import { isShortage } from "../descriptors.ts";
import { FORKED, hasExecuted, knownImage, onlyName, startsAlike } from "../likeness.ts";
import { isReady, pollSet } from "../listen.ts";
import { type ImageWishes, ProcFiles } from "../proc_files.ts";
import { listPids, PresenceReader, requireScan, scanProcesses } from "../scan.ts";
import { ZombieAccounts } from "../zombie_account.ts";
import { ageOfThread, countOnce, isStill } from "./age.ts";
import { Ancestors } from "./ancestors.ts";
import { Elsewhere } from "./elsewhere.ts";
import { Endings } from "./endings.ts";
import { ExecBell, RING } from "./exec_bell.ts";
import { ExecWatch } from "./exec_watch.ts";
import { type Known, KnownProcesses, type Sight, UNSEEN } from "./known.ts";
import { NewestProcesses } from "./newest.ts";
import { Pace } from "./pace.ts";
import { PID_KIND, PidfdSet } from "./pidfd.ts";
import { PollEvents } from "./poll_events.ts";
import { type Found, Tally } from "./tally.ts";

/** Places in the poll set; the descriptor that ends a wait comes first. */
const WAIT = { ends: 1, bell: 2 } as const;
/** A name that differs for longer without another command line was not set by an exec. */
const EXEC_TAKES_NS = 20_000_000;
/** Attempts to compare the counts before the end. */
const SETTLE_TRIES = 50;
/** How often all of /proc is listed, in case the counter's pids were not enough. */
const SAFETY_NS = 2_000_000_000;
/** The same where pidfds cannot tell of exits. */
const SAFETY_BLIND_NS = 100_000_000;
/** How often, and how many at most, older processes are looked at for an exec. */
const ROUND_NS = 250_000_000;
const ROUND_MOST = 25;

/** /proc diffing as a source. */
export class Poller implements LiveSource {
  readonly info: SourceInfo;
  readonly farewell = null;
  horizon = 0;
  readonly #libc: Libc;
  readonly #clocks: Clocks;
  readonly #files: ProcFiles;
  readonly #reader: PresenceReader;
  readonly #known = new KnownProcesses();
  readonly #ancestors: Ancestors;
  readonly #pidfds: PidfdSet;
  readonly #watchable: boolean;
  readonly #bell: ExecBell;
  readonly #tally: Tally;
  readonly #pace: Pace;
  readonly #newest: NewestProcesses;
  readonly #elsewhere: Elsewhere;
  readonly #events = new PollEvents();
  readonly #accounts: ZombieAccounts | null;
  readonly #endings: Endings;
  readonly #buffer = new Uint8Array(new ArrayBuffer(4096));
  readonly #waitAll: Uint8Array;
  readonly #execWatch: ExecWatch;
  /** Execs that were told. */
  #execs = 0;
  #safetyAt = 0;
  #roundAt = 0;

  /** `because` says why no better source is used. `wake` ends a wait. */
  constructor(
    libc: Libc,
    clocks: Clocks,
    options: CaptureOptions & Pick<ImageWishes, "admit">,
    wake: number,
    because: string,
  ) {
    this.#libc = libc;
    this.#clocks = clocks;
    this.#files = new ProcFiles(libc, options.procRoot, { ...options, lean: false });
    this.#reader = new PresenceReader(libc, this.#files);
    // Its pidfd, and the file that has its account.
    this.#pidfds = new PidfdSet(libc, options.accounts === true ? 2 : 1);
    this.#ancestors = new Ancestors(this.#known, this.#pidfds, this.#reader);
    this.#tally = new Tally(libc, this.#files);
    this.#watchable = this.#tally.ownNumbering && PidfdSet.supported(libc);
    this.#bell = new ExecBell(libc);
    this.#newest = new NewestProcesses(libc);
    this.#elsewhere = new Elsewhere(libc);
    this.#pace = new Pace(options.intervalNs, this.#tally.cheap);
    this.#waitAll = pollSet([wake, this.#pidfds.epoll, this.#bell.fd]);
    const accounted = options.accounts === true && this.#watchable;
    this.#accounts = accounted ? new ZombieAccounts(libc, this.#files) : null;
    this.#endings = new Endings({
      libc,
      files: this.#files,
      reader: this.#reader,
      known: this.#known,
      newest: this.#newest,
      pidfds: this.#pidfds,
      events: this.#events,
      accounts: this.#accounts,
    });
    this.#execWatch = new ExecWatch({
      libc,
      clocks,
      bell: this.#bell,
      newest: this.#newest,
      endings: this.#endings,
      wake: this.#waitAll.subarray(0, 8),
      told: () => this.#execs,
      look: (now, writer) => this.#lookForNew(now, writer),
      exec: (known, handle, now, writer) => this.#exec(known, handle, now, writer),
    });
    const why = `${because}; /proc is read instead` + this.#limits();
    this.info = { source: "poll", why, accounts: accounted ? "zombie" : null };
  }

  #limits(): string {
    const limits: string[] = [];
    if (!this.#watchable) limits.push("exit codes are not known");
    if (this.#tally.trouble !== null) limits.push(this.#tally.trouble);
    return limits.length === 0 ? "" : ` (${limits.join("; ")})`;
  }

  snapshot(writer: BatchWriter): number {
    this.#tally.begin(this.#clocks.now(), () => listPids(this.#files.root) ?? []);
    // What is forked from now on is found or counted.
    const since = this.#clocks.now();
    const adopt = (event: SourceEvent) => {
      writer.add(event);
      if (event.kind === EVENT.present) this.#adopt(event);
    };
    const began = scanProcesses(this.#libc, this.#clocks, this.#files, { add: adopt }, () => {});
    requireScan(began, this.#files.root);
    this.horizon = this.#clocks.now();
    this.#safetyAt = this.horizon + SAFETY_NS;
    return since;
  }

  /** A process that was there before us. */
  #adopt(event: SourceEvent): void {
    const fd = this.#watchable ? this.#pidfds.add(event.pid) : PID_KIND.unwatchable;
    const image = knownImage(event.text);
    const zombie = hasEnded({ state: event.c, threads: event.b });
    const dead = zombie || fd === PID_KIND.gone;
    const kernel = (event.flags & FLAG.kernel) !== 0;
    this.#known.add({
      ...UNSEEN,
      pid: event.pid,
      startTicks: Math.floor(event.start / TICK_NS),
      fd,
      ppid: event.a,
      kernel,
      image,
      halfSeen: null,
      foundAt: event.asOf,
      counted: false,
      endedAt: dead ? event.asOf : null,
      told: zombie,
      io: fd < 0 ? -1 : this.#openIo(event.pid),
    }, false);
    if (dead && !zombie) this.#known.zombies.add(this.#known.get(event.pid)!);
    this.#bell.learn(image.exe ?? image.argv?.[0] ?? "");
  }

  #openIo(pid: number): number {
    const handle = this.#accounts === null ? -1 : this.#files.openProcess(pid);
    if (handle < 0) return -1;
    const io = this.#accounts!.openIo(handle, pid);
    this.#libc.close(handle);
    return io;
  }

  turn(writer: BatchWriter): void {
    this.#libc.ppoll(this.#waitAll, this.#pace.period(this.#clocks.now()));
    let now = this.#clocks.sample();
    const rang = isReady(this.#waitAll, WAIT.bell) ? this.#bell.answer() : RING.none;
    const ended = isReady(this.#waitAll, WAIT.ends) && this.#endings.poll(now, writer);
    this.#lookForNew(now, writer);
    if (ended || this.#tally.moved || rang !== RING.none) this.#pace.active(now);
    let complete = now;
    // What that tells is not younger than what is seen from here on.
    if (this.#pace.adaptive) this.#execWatch.answer(rang, now, writer);
    now = this.#clocks.now();
    this.#known.visitYoung(now, (known) => this.#recheck(known, now, writer));
    this.#endings.loseCodes(now, writer);
    if (!this.#execWatch.isDue(now)) this.#elsewhere.release();
    this.#keepHouse(now, writer);
    if (this.#tally.cheap) {
      // Others fork while this looks: up to a time all is told if it was looked after that.
      complete = this.#clocks.now();
      this.#lookForNew(complete, writer);
      if (this.#tally.moved) this.#pace.active(complete);
    }
    this.#tellMissed(writer);
    this.horizon = complete;
    this.#endings.lookIsOver();
  }

  idle(ns: number): void {
    this.#libc.ppoll(this.#waitAll.subarray(0, 8), ns);
  }

  settle(writer: BatchWriter): number {
    let now = this.#clocks.sample();
    // Others fork while the counts are compared: a few tries find a moment when nobody does.
    for (let attempt = 0; attempt < SETTLE_TRIES; attempt++) {
      this.#lookForNew(now, writer);
      if (this.#tally.settle(now)) break;
      now = this.#clocks.sample();
    }
    this.#endings.poll(now, writer);
    if (!this.#watchable) this.#listAll(now, writer);
    this.#tellMissed(writer);
    return now;
  }

  #lookForNew(now: number, writer: BatchWriter): void {
    const lookUp = (pid: number, since: number) => this.#look(pid, since, now, writer);
    // Where the kernel's counter is hidden.
    const list = () => (listPids(this.#files.root) ?? []).filter((pid) => !this.#known.get(pid));
    this.#tally.look(now, lookUp, list);
  }

  #tellMissed(writer: BatchWriter): void {
    const { missed, since, until } = this.#tally.takeMissed();
    if (missed > 0) this.#events.missed(missed, since, until, writer);
  }

  close(): void {
    this.#endings.close();
    this.#newest.close();
    this.#pidfds.close();
    this.#bell.close();
    this.#tally.close();
  }

  /** Looks up one pid that was given out after `since`, and tells of a process that is new. */
  #look(pid: number, since: number, now: number, writer: BatchWriter): Found {
    const before = this.#known.get(pid);
    if (before !== undefined) {
      if (isStill(this.#reader, before)) return countOnce(before, since);
      this.#endings.finish(before, now, writer);
    }
    const fd = this.#watchable ? this.#pidfds.add(pid) : PID_KIND.unwatchable;
    if (fd === PID_KIND.thread) return ageOfThread(this.#reader, pid, since);
    if (fd === PID_KIND.gone) return "none";
    if (fd === PID_KIND.unsure) {
      return this.#reader.readStat(pid) ? ageOfThread(this.#reader, pid, since) : "none";
    }
    const handle = this.#files.openProcess(pid);
    const found = handle >= 0 && this.#reader.readStatOf(handle);
    const comm = found ? this.#reader.comm() : null;
    let kept = false;
    let answer: Found = "new";
    if (fd < 0 && !found) answer = "none";
    else if (fd < 0 && this.#reader.isThread(handle, pid)) {
      answer = ageOfThread(this.#reader, pid, since);
    } else kept = this.#begin({ pid, fd, handle, comm, since, now }, writer);
    if (handle >= 0 && !kept) this.#libc.close(handle);
    return answer;
  }

  /**
   * Tells of a new process: its fork, and its exec where it has happened already. What it runs is
   * read only where it is not what its parent runs. Whether the handle is kept open.
   */
  #begin(sight: Sight, writer: BatchWriter): boolean {
    const { pid, fd, handle, comm, since, now } = sight;
    const found = comm !== null;
    const { stat } = this.#reader;
    const ppid = found && !isReleased(stat)
      ? stat.ppid
      : this.#pidfds.identity(fd)?.ppid ?? UNKNOWN;
    const [startTicks, cpu] = found ? [stat.startTicks, stat.processor] : [null, null];
    const mark = found ? { flags: stat.flags, startStack: stat.startStack } : null;
    const tick = (startTicks ?? Math.floor(since / TICK_NS)) * TICK_NS;
    const start = Math.min(Math.max(tick, since), tick + TICK_NS - 1);
    const [kernel, dead] = [found && isKernelThread(stat), found && hasEnded(stat)];
    const forkedAt = Math.max(start, this.horizon, this.#endings.endOf(pid));
    const parent = this.#parentOf(ppid, sight, writer);
    const cmdline = found && !kernel ? this.#files.openFile(handle, "cmdline") : -1;
    const length = cmdline < 0 ? 0 : this.#libc.pread(cmdline, this.#buffer, 0);
    const foreign = parent !== undefined && this.#isForeign(length, parent, forkedAt, writer);
    if (parent?.endedAt === null && !foreign && !kernel && onlyName(comm, parent.image) !== null) {
      this.#recheckName(parent, forkedAt, writer);
    }
    const image = parent?.image ??
      knownImage(handle >= 0 ? this.#files.readImage(handle) : null);
    const known: Known = {
      ...UNSEEN,
      pid,
      startTicks,
      fd,
      ppid,
      kernel,
      image,
      halfSeen: kernel ? null : onlyName(comm, image),
      mark: foreign ? FORKED : mark,
      foundAt: now,
      counted: true,
    };
    this.#known.add(known, true);
    this.#events.fork(known, start, forkedAt, writer);
    // It may have been forked after the clock was read.
    const at = Math.max(now, forkedAt);
    if (foreign) this.#exec(known, handle, at, writer);
    else if (kernel) this.#rename(known, comm!, at, writer);
    if (found && this.#accounts !== null && fd >= 0) {
      known.io = this.#accounts.openIo(handle, pid);
      if (dead) this.#endings.account(known, at, writer);
    }
    if (cmdline < 0) return false;
    if (!foreign && !dead) this.#elsewhere.avoid(cpu);
    this.#newest.add({ known, handle, cmdline, comm: this.#files.openFile(handle, "comm") });
    return true;
  }

  /** The process that forked what is seen: met first where it is new, or has an ended one's pid. */
  #parentOf(ppid: number, { since, now }: Sight, writer: BatchWriter): Known | undefined {
    return this.#ancestors.find(ppid, (pid) => {
      if (this.#look(pid, since, now, writer) === "new") this.#tally.found();
    });
  }

  /**
   * Whether the command line in the buffer is not the parent's. It may have been the parent that
   * exec'd, just before the fork: that is told first.
   */
  #isForeign(length: number, parent: Known, time: number, writer: BatchWriter): boolean {
    const isOther = () => length > 0 && !startsAlike(this.#buffer, length, parent.image.parts);
    if (!isOther() || parent.endedAt !== null) return isOther();
    const line = this.#buffer.slice(0, length);
    this.#recheck(parent, time, writer);
    return !startsAlike(line, length, parent.image.parts);
  }

  /** Looks whether a known process runs another program by now: three calls where it does not. */
  #recheck(known: Known, now: number, writer: BatchWriter): void {
    const length = this.#files.readOf(known.pid, "cmdline", this.#buffer);
    if (length < 0) {
      if (known.fd < 0 && !isShortage(length)) this.#endings.finish(known, now, writer);
    } else if (length > 0 && !startsAlike(this.#buffer, length, known.image.parts)) {
      this.#takeExec(known, now, writer);
    } else if (known.halfSeen !== null && now - known.foundAt > EXEC_TAKES_NS) {
      // The name changed and the command line did not: no exec, the process renamed itself.
      this.#rename(known, Image.decode(known.halfSeen).parts.comm!, now, writer);
    }
  }

  /** Another command line was seen under its pid: it exec'd, unless another has the pid by now. */
  #takeExec(known: Known, now: number, writer: BatchWriter): void {
    const handle = this.#files.openProcess(known.pid);
    if (handle < 0) return;
    if (this.#reader.beganAt(handle, known.startTicks)) this.#exec(known, handle, now, writer);
    this.#libc.close(handle);
  }

  /** A child whose name is not the one its parent had may have it from its parent all the same. */
  #recheckName(known: Known, now: number, writer: BatchWriter): void {
    const handle = this.#files.openProcess(known.pid);
    if (handle < 0) return;
    const comm = this.#files.readComm(handle);
    const isOther = comm !== null && onlyName(comm, known.image) !== null;
    if (isOther && this.#reader.beganAt(handle, known.startTicks)) {
      this.#rename(known, comm, now, writer);
    }
    this.#libc.close(handle);
  }

  #rename(known: Known, comm: Uint8Array, now: number, writer: BatchWriter): void {
    known.halfSeen = null;
    known.image = known.image.renamed(comm);
    this.#events.comm(known, comm, now, writer);
  }

  /** Tells of the program that a process runs by now. */
  #exec(known: Known, handle: number, now: number, writer: BatchWriter): void {
    const text = this.#files.readImage(handle);
    const image = knownImage(text, known.image);
    if (image.parts.argv === null) return;
    const mark = this.#reader.readMark(handle);
    const isSure = hasExecuted(known.mark, mark, known.image, image);
    known.mark = mark;
    known.image = image;
    known.halfSeen = null;
    this.#execs++;
    this.#events.exec(known, text, this.#reader.readUid(handle), isSure, now, writer);
    this.#bell.learn(image.exe ?? image.argv?.[0] ?? "");
  }

  takeNote(): string | null {
    return this.#pidfds.takeNote();
  }

  /** The slow rounds: all of /proc now and then, older processes one by one. */
  #keepHouse(now: number, writer: BatchWriter): void {
    if (now >= this.#roundAt) {
      this.#roundAt = now + ROUND_NS;
      this.#known.visitRound(ROUND_MOST, (known) => this.#recheck(known, now, writer));
    }
    if (now < this.#safetyAt) return;
    const blind = !this.#watchable || this.#pidfds.refused > 0;
    this.#safetyAt = now + (blind ? SAFETY_BLIND_NS : SAFETY_NS);
    this.#listAll(now, writer);
  }

  /** Tells of what the counter did not lead to, and of ends that no pidfd tells of. */
  #listAll(now: number, writer: BatchWriter): void {
    const pids = listPids(this.#files.root);
    if (pids === null) return;
    const listed = new Set(pids);
    for (const pid of listed) {
      if (this.#known.get(pid) !== undefined) continue;
      if (this.#look(pid, this.horizon, now, writer) === "new") this.#tally.found();
    }
    for (const known of this.#known.all()) {
      if (known.fd < 0 && !listed.has(known.pid)) this.#endings.finish(known, now, writer);
    }
  }
}
