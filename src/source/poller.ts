/**
 * The poller source: any user, any container, no ptrace. New pids come from the kernel's pid
 * counter, exits and their codes from pidfds, execs from a doorbell and a second look.
 *
 * What it cannot see, and says so where it can:
 * - a process that is gone before the next look: counted, as a gap with reason `missed`;
 * - an exec of the same program with the same arguments, and one that another follows before the
 *   next look;
 * - a rewritten command line (setproctitle) looks like an exec;
 * - the parent of a process whose parent had ended by then: the reaper stands in its place;
 * - changes of gid, session and tracer, and core dumps before the exit;
 * - whether a task that hidepid hides is new, when the pid counter goes by: it counts as new.
 *
 * @module
 */
import type { Libc } from "../../ffi/libc.ts";
import type { BatchWriter } from "../model/batch.ts";
import { EVENT, FLAG, GAP_REASON, SourceEvent, UNKNOWN } from "../model/event.ts";
import { Image, NO_IMAGE } from "../model/image.ts";
import { TICK_NS } from "../model/process.ts";
import { PF_KTHREAD } from "../proc/stat.ts";
import type { CaptureOptions, LiveSource, SourceInfo } from "./capture.ts";
import type { Clocks } from "./clocks.ts";
import { ExecBell } from "./exec_bell.ts";
import { type Known, KnownProcesses } from "./known.ts";
import { pollSet } from "./listen.ts";
import { Pace } from "./pace.ts";
import { PID_KIND, PidfdSet } from "./pidfd.ts";
import { ProcFiles } from "./proc_files.ts";
import { listPids, PresenceReader, scanProcesses } from "./scan.ts";
import { type Found, Tally } from "./tally.ts";

/** A parent that has not reaped by then is not waited for: the exit is told without its code. */
const REAP_PATIENCE_NS = 100_000_000;
/** A name that differs for longer without another command line was not set by an exec. */
const EXEC_TAKES_NS = 20_000_000;
/** Attempts to compare the counts before the end. */
const SETTLE_TRIES = 50;
/** How often all of /proc is listed, in case the counter's pids were not enough. */
const SAFETY_NS = 2_000_000_000;
/** The same where pidfds cannot tell of exits. */
const SAFETY_BLIND_NS = 100_000_000;
/** How often, and how many, older processes are looked at for an exec. */
const ROUND_NS = 250_000_000;
const ROUND_COUNT = 25;

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
  readonly #pidfds: PidfdSet;
  readonly #watchable: boolean;
  readonly #bell: ExecBell;
  readonly #tally: Tally;
  readonly #pace: Pace;
  readonly #event = new SourceEvent();
  readonly #buffer = new Uint8Array(new ArrayBuffer(4096));
  readonly #waitAll: Uint8Array;
  readonly #waitQuietly: Uint8Array;
  #safetyAt = 0;
  #roundAt = 0;

  /** `because` says why no better source is used. `wake` ends a wait. */
  constructor(
    libc: Libc,
    clocks: Clocks,
    options: CaptureOptions,
    wake: number,
    because: string,
  ) {
    this.#libc = libc;
    this.#clocks = clocks;
    this.#files = new ProcFiles(libc, options.procRoot, options.env);
    this.#reader = new PresenceReader(libc, this.#files);
    this.#pidfds = new PidfdSet(libc);
    this.#tally = new Tally(libc, this.#files);
    this.#watchable = this.#tally.ownNumbering && PidfdSet.supported(libc);
    this.#bell = new ExecBell(libc);
    this.#pace = new Pace(options.intervalNs, this.#tally.cheap);
    this.#waitAll = pollSet([this.#pidfds.epoll, wake, this.#bell.fd]);
    this.#waitQuietly = this.#waitAll.subarray(0, 16);
    this.info = { source: "poll", why: `${because}; /proc is read instead` + this.#limits() };
  }

  #limits(): string {
    const limits: string[] = [];
    if (!this.#watchable) limits.push("exit codes are not known");
    if (!this.#tally.ownNumbering) limits.push("this /proc is another pid namespace's");
    else if (!this.#tally.cheap) limits.push("/proc/loadavg is hidden, so looks are rare");
    return limits.length === 0 ? "" : ` (${limits.join("; ")})`;
  }

  snapshot(writer: BatchWriter): void {
    this.#tally.begin(this.#clocks.now(), () => listPids(this.#files.root));
    const adopt = (event: SourceEvent) => {
      writer.add(event);
      if (event.kind === EVENT.present) this.#adopt(event);
    };
    scanProcesses(this.#libc, this.#clocks, this.#files, { add: adopt }, () => {});
    this.horizon = this.#clocks.now();
    this.#safetyAt = this.horizon + SAFETY_NS;
  }

  /** A process that was there before us. */
  #adopt(event: SourceEvent): void {
    const fd = this.#watchable ? this.#pidfds.add(event.pid) : PID_KIND.unwatchable;
    const image = Image.decode(event.text);
    const dead = event.c === 0x5a || fd === PID_KIND.gone; // 'Z'
    this.#known.add({
      pid: event.pid,
      startTicks: Math.floor(event.start / TICK_NS),
      fd,
      ppid: event.a,
      image,
      halfSeen: null,
      foundAt: event.asOf,
      counted: false,
      checkAt: 0,
      endedAt: dead ? event.asOf : null,
      told: event.c === 0x5a,
    }, false);
    if (dead && event.c !== 0x5a) this.#known.zombies.add(this.#known.get(event.pid)!);
    this.#bell.learn(image.exe ?? image.argv?.[0] ?? "");
  }

  turn(writer: BatchWriter): void {
    const before = this.#clocks.now();
    const fds = this.#pace.isRung(before) ? this.#waitQuietly : this.#waitAll;
    this.#libc.ppoll(fds, this.#pace.period(before));
    const now = this.#clocks.sample();
    const rang = this.#bell.answer();
    if (rang) this.#pace.rung(now);

    this.#pidfds.poll((pid, reaped) => this.#ended(pid, reaped, now, writer));
    this.#lookForNew(now, writer);
    if (this.#tally.moved) this.#pace.active(now);
    this.#known.visitYoung(
      now,
      this.#pace.isRung(now),
      (known) => this.#recheck(known, now, writer),
    );
    for (const known of this.#known.zombies) this.#loseTheCode(known, now, writer);
    this.#keepHouse(now, writer);
    this.#tellMissed(now, writer);
    this.horizon = now;
  }

  settle(writer: BatchWriter): void {
    let now = this.#clocks.sample();
    // Others fork while the counts are compared: a few tries find a moment when nobody does.
    for (let attempt = 0; attempt < SETTLE_TRIES; attempt++) {
      this.#lookForNew(now, writer);
      if (this.#tally.settle(now)) break;
      now = this.#clocks.sample();
    }
    this.#pidfds.poll((pid, reaped) => this.#ended(pid, reaped, now, writer));
    if (!this.#watchable) this.#listAll(now, writer);
    this.#tellMissed(now, writer);
  }

  #lookForNew(now: number, writer: BatchWriter): void {
    const lookUp = (pid: number, since: number) => this.#look(pid, since, now, writer);
    this.#tally.look(now, lookUp, () => this.#newPids());
  }

  #tellMissed(now: number, writer: BatchWriter): void {
    const missed = this.#tally.takeMissed();
    if (missed === 0) return;
    const event = this.#event.reset(EVENT.gap, now, 0, 0);
    event.a = missed;
    event.b = GAP_REASON.missed;
    writer.add(event);
  }

  close(): void {
    for (const known of this.#known.all()) if (known.fd >= 0) this.#pidfds.remove(known.fd);
    this.#pidfds.close();
    this.#bell.close();
    this.#tally.close();
  }

  /** Looks up one pid that was given out after `since`, and tells of a process that is new. */
  #look(pid: number, since: number, now: number, writer: BatchWriter): Found {
    const before = this.#known.get(pid);
    if (before !== undefined) {
      if (this.#isStill(before)) return this.#countOnce(before, since);
      this.#finish(before, now, writer);
    }
    const fd = this.#watchable ? this.#pidfds.add(pid) : PID_KIND.unwatchable;
    if (fd === PID_KIND.thread) return this.#ageOfThread(pid, since);
    if (fd === PID_KIND.gone) return "none";
    if (fd === PID_KIND.unsure) {
      return this.#reader.readStat(pid) ? this.#ageOfThread(pid, since) : "none";
    }
    const handle = this.#files.openProcess(pid);
    const event = this.#event;
    const found = handle >= 0 && this.#reader.fill(handle, pid, now, event, fd < 0);
    if (handle >= 0) this.#libc.close(handle);
    if (found && this.#reader.isThread) return this.#ageOfThread(pid, since);
    if (!found && fd < 0) return "none";
    this.#begin(found ? event : this.#hidden(fd, pid, now), found, fd, since, now, writer);
    return "new";
  }

  /** A process that the first look found may have been forked during it. */
  #countOnce(known: Known, since: number): Found {
    if (known.counted) return "old";
    known.counted = true;
    return known.startTicks !== null && isBefore(known.startTicks, since) ? "old" : "new";
  }

  #ageOfThread(tid: number, since: number): Found {
    const known = this.#reader.readStat(tid);
    return known && isBefore(this.#reader.stat.startTicks, since) ? "old" : "new";
  }

  #isStill(known: Known): boolean {
    if (known.startTicks === null) return known.endedAt === null;
    return this.#reader.readStat(known.pid) &&
      this.#reader.stat.startTicks === known.startTicks;
  }

  /** What the pidfd knows of a process that is gone, or that /proc does not show. */
  #hidden(fd: number, pid: number, now: number): SourceEvent {
    const event = this.#event.reset(EVENT.present, now, pid, pid);
    const identity = this.#pidfds.identity(fd);
    event.a = identity?.ppid ?? UNKNOWN;
    event.d = UNKNOWN;
    return event;
  }

  /** Tells of a new process: its fork, and its exec where it has happened already. */
  #begin(
    present: SourceEvent,
    found: boolean,
    fd: number,
    since: number,
    now: number,
    writer: BatchWriter,
  ): void {
    const { pid, a: ppid, d: uid, text } = present;
    const tick = found ? present.start : Math.floor(since / TICK_NS) * TICK_NS;
    const start = Math.min(Math.max(tick, since), tick + TICK_NS - 1);
    const forkedAt = Math.max(start, this.horizon);
    const parent = this.#known.get(ppid);
    const own = Image.decode(text);
    const kernel = found && (this.#reader.stat.flags & PF_KTHREAD) !== 0;
    // What looks like an exec of the child may be one of its parent, just before the fork.
    if (parent?.endedAt === null && own !== NO_IMAGE && !own.sameProgram(parent.image)) {
      this.#recheck(parent, forkedAt, writer);
    }
    const inherited = parent?.image ?? NO_IMAGE;
    const other = own !== NO_IMAGE && !own.sameProgram(inherited);
    const complete = other && this.#hasOwnArgv(own, inherited);
    this.#known.add({
      pid,
      startTicks: found ? tick / TICK_NS : null,
      fd,
      ppid,
      image: complete || inherited === NO_IMAGE ? own : inherited,
      halfSeen: other && !complete && !kernel ? text : null,
      foundAt: now,
      counted: true,
      checkAt: 0,
      endedAt: null,
      told: false,
    }, true);

    const event = new SourceEvent().reset(EVENT.fork, forkedAt, pid, pid);
    event.start = start;
    event.a = event.b = ppid;
    writer.add(event);
    if (!complete && !(other && kernel)) return;
    // It may have been forked after the clock was read.
    event.reset(kernel ? EVENT.comm : EVENT.exec, Math.max(now, forkedAt), pid, pid);
    event.text = kernel ? own.parts.comm : text;
    event.d = uid;
    writer.add(event);
    this.#learn(own);
  }

  /** In the middle of an exec the name is the new one, the command line the old one or none. */
  #hasOwnArgv(own: Image, inherited: Image): boolean {
    const { argv } = own.parts;
    return argv !== null && !startsAlike(argv, argv.length, inherited.parts.argv);
  }

  #learn(image: Image): void {
    this.#pace.answered();
    this.#bell.learn(image.exe ?? image.argv?.[0] ?? "");
  }

  /** Looks whether a known process runs another program by now. */
  #recheck(known: Known, now: number, writer: BatchWriter): void {
    const handle = this.#files.openProcess(known.pid);
    if (handle < 0) {
      if (known.fd < 0) this.#finish(known, now, writer);
      return;
    }
    const length = this.#files.readFile(handle, "cmdline", this.#buffer);
    if (length > 0 && !startsAlike(this.#buffer, length, known.image.parts.argv)) {
      this.#exec(known, handle, now, writer);
    } else if (known.halfSeen !== null && now - known.foundAt > EXEC_TAKES_NS) {
      this.#rename(known, known.halfSeen, now, writer);
    }
    this.#libc.close(handle);
  }

  /** The name changed and the command line did not: no exec, the process renamed itself. */
  #rename(known: Known, text: Uint8Array, now: number, writer: BatchWriter): void {
    const { comm } = Image.decode(text).parts;
    known.halfSeen = null;
    if (comm === null) return;
    known.image = known.image.renamed(comm);
    const event = this.#event.reset(EVENT.comm, now, known.pid, known.pid);
    event.text = comm;
    writer.add(event);
  }

  #exec(known: Known, handle: number, now: number, writer: BatchWriter): void {
    const text = this.#files.readImage(handle);
    const image = Image.decode(text);
    if (image.parts.argv === null) return;
    known.image = image;
    known.halfSeen = null;
    const event = this.#event.reset(EVENT.exec, now, known.pid, known.pid);
    event.d = this.#reader.readUid(handle);
    event.text = text;
    writer.add(event);
    this.#learn(image);
  }

  /** A pidfd says that a process ended. */
  #ended(pid: number, reaped: boolean, now: number, writer: BatchWriter): void {
    const known = this.#known.get(pid);
    if (known === undefined) return;
    if (known.endedAt === null && !reaped) this.#lookAtZombie(known);
    known.endedAt ??= now;
    this.#pace.active(now);
    if (reaped) this.#finish(known, now, writer);
    else if (!known.told) this.#known.zombies.add(known);
  }

  /** The process is gone: its end is told, unless it was. */
  #finish(known: Known, now: number, writer: BatchWriter): void {
    const status = known.fd < 0 ? UNKNOWN : this.#pidfds.waitStatus(known.fd);
    if (known.fd >= 0) this.#pidfds.remove(known.fd);
    this.#known.remove(known);
    if (!known.told) this.#exit(known, status, now, writer);
  }

  /** A zombie still has its name: an exec that nobody saw shows in it. */
  #lookAtZombie(known: Known): void {
    const handle = this.#files.openProcess(known.pid);
    if (handle < 0) return;
    const text = this.#files.readImage(handle);
    this.#libc.close(handle);
    if (text !== null && !Image.decode(text).sameProgram(known.image)) known.halfSeen = text;
  }

  #exit(known: Known, status: number, now: number, writer: BatchWriter): void {
    const event = this.#event;
    if (known.halfSeen !== null) {
      event.reset(EVENT.exec, now, known.pid, known.pid);
      event.d = UNKNOWN;
      event.text = known.halfSeen;
      event.flags = FLAG.inferred;
      writer.add(event);
    }
    event.reset(EVENT.exit, now, known.pid, known.pid);
    event.flags = FLAG.group;
    event.a = status;
    event.asOf = known.endedAt ?? 0;
    writer.add(event);
  }

  /** Tells the exit of a zombie that nobody reaps; /proc has its code for its owner. */
  #loseTheCode(known: Known, now: number, writer: BatchWriter): void {
    if (now - known.endedAt! < REAP_PATIENCE_NS) return;
    const code = this.#reader.readStat(known.pid) ? this.#reader.stat.exitCode ?? 0 : 0;
    known.told = true;
    this.#known.zombies.delete(known);
    this.#exit(known, code === 0 ? UNKNOWN : code, now, writer);
  }

  /** The slow rounds: all of /proc now and then, older processes one by one. */
  #keepHouse(now: number, writer: BatchWriter): void {
    if (now >= this.#roundAt) {
      this.#roundAt = now + ROUND_NS;
      this.#known.visitRound(ROUND_COUNT, (known) => this.#recheck(known, now, writer));
    }
    if (now < this.#safetyAt) return;
    this.#safetyAt = now + (this.#watchable ? SAFETY_NS : SAFETY_BLIND_NS);
    this.#listAll(now, writer);
  }

  /** Tells of what the counter did not lead to, and of ends that no pidfd tells of. */
  #listAll(now: number, writer: BatchWriter): void {
    const listed = new Set(listPids(this.#files.root));
    for (const pid of listed) {
      if (this.#known.get(pid) !== undefined) continue;
      if (this.#look(pid, this.horizon, now, writer) === "new") this.#tally.found();
    }
    for (const known of this.#known.all()) {
      if (known.fd < 0 && !listed.has(known.pid)) this.#finish(known, now, writer);
    }
  }

  /** pids that /proc lists and we do not know: where the kernel's counter is hidden. */
  #newPids(): number[] {
    return listPids(this.#files.root).filter((pid) => this.#known.get(pid) === undefined);
  }
}

/** Whether a task that started in that clock tick was there at `time`. */
function isBefore(startTicks: number, time: number): boolean {
  return (startTicks + 1) * TICK_NS < time;
}

/** Whether the first bytes of `buffer` are `argv`, as far as both go. */
function startsAlike(buffer: Uint8Array, length: number, argv: Uint8Array | null): boolean {
  if (argv === null) return false;
  if (length < buffer.length && length !== argv.length) return false;
  const end = Math.min(length, argv.length);
  for (let i = 0; i < end; i++) if (buffer[i] !== argv[i]) return false;
  return true;
}
