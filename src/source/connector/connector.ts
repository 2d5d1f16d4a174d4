/**
 * The proc connector source: every fork, exec and exit of the host, exactly.
 *
 * Two sockets. The truth gets every event and is drained after a nap: waking once per event is
 * what makes readers expensive. The doorbell gets execs alone and ends the nap, because a command
 * line must be read within the few hundred microseconds that a short program lives.
 *
 * @module
 */
import type { Datagrams, Libc } from "../../../ffi/libc.ts";
import { SK_MEMINFO, SOCKET } from "../../../ffi/linux.ts";
import type { BatchWriter } from "../../model/batch.ts";
import { EVENT, GAP_REASON, SourceEvent, UNKNOWN } from "../../model/event.ts";
import {
  decodeProcEvent,
  encodeMcastOp,
  PROC_CN_MCAST,
  PROC_EVENT,
  ProcDatagram,
} from "../../wire/proc_event.ts";
import type { CaptureOptions, LiveSource, SourceInfo } from "../capture.ts";
import type { Clocks } from "../clocks.ts";
import { EVENT_TRUESIZE, listen, ownNamespace, pollSet, type Subscription } from "../listen.ts";
import { type ImageWishes, ProcFiles } from "../proc_files.ts";
import { requireScan, scanProcesses } from "../scan.ts";
import { ExecImages } from "./exec_images.ts";
import { ExitAccounts } from "./exit_accounts.ts";
import { ExitNames } from "./exit_names.ts";
import { LateReads } from "./late_reads.ts";
import { Restless } from "./restless.ts";
import { SequenceAccount } from "./sequence.ts";
import { TaskAccounts } from "./task_accounts.ts";

const BATCH = 256;
const SLOT = 128;
/** Sleep before the first drain after a pause. */
const NAP_NS = 2_000_000;
/** Sleep before a drain that tells what has waited for its elders. */
const SHORT_NAP_NS = 200_000;
/** Longest sleep between drains while events go on: a line is to be there within 20 ms. */
const LONG_NAP_NS = 15_000_000;
/**
 * After a window with at least so many events each nap is longer by this factor: under a load
 * waking up costs more than reading. Where zombies are looked at, it takes a storm.
 */
const WINDOW_NS = 500_000_000;
const MANY = 75;
const MANY_ZOMBIES = 2000;
const NAP_GROWTH = 1.5;
/** The nap of who is in no hurry. */
const PATIENT_NAP_NS = 200_000_000;
/** No host makes more events than this in a second; a nap may not outlast a small buffer. */
const EVENTS_PER_SECOND_MAX = 1_000_000;
/** An event may come this much later than a younger one of another CPU. */
const REORDER_NS = 1_500_000;
/** Repairs are at least this far apart: under lasting loss each would be stale at once. */
const REPAIR_PAUSE_NS = 1_000_000_000;

/** The proc connector as a source. */
export class Connector implements LiveSource {
  readonly info: SourceInfo;
  readonly farewell: { readonly fd: number; readonly message: Uint8Array };
  horizon = 0;
  readonly #libc: Libc;
  readonly #sub: Subscription;
  readonly #clocks: Clocks;
  readonly #files: ProcFiles;
  readonly #accounts: TaskAccounts | null;
  /** Null where there are exit records, or no accounts are wanted. */
  readonly #exits: ExitAccounts | null;
  readonly #slots: Datagrams;
  readonly #rings: Datagrams;
  readonly #datagram = new ProcDatagram();
  readonly #event = new SourceEvent();
  readonly #sequence = new SequenceAccount();
  readonly #restless = new Restless();
  readonly #names: ExitNames;
  readonly #capacity: number;
  readonly #napMax: number;
  readonly #waitAll: Uint8Array;
  readonly #waitRing: Uint8Array;
  readonly #ringOnly: Uint8Array;
  /** Images read at the doorbell, by CPU and sequence number, until the truth delivers the exec. */
  readonly #images = new ExecImages(
    (pid) => this.#readImage(pid),
    () => this.#clocks.now(),
  );
  readonly #lateReads = new LateReads();
  /** Events stamped before this time are not told, but for exits. */
  #since = 0;
  readonly #meminfo = new Uint32Array(new ArrayBuffer(SK_MEMINFO.VARS * 4));
  readonly #patient: boolean;
  /** Events of one window that make naps longer, and those of the window that lasts. */
  readonly #many: number;
  #recent = 0;
  #windowEnd = 0;
  #lively = false;
  #napNs: number;
  /** Nothing is in doubt: once all is handed over, the next event may be waited for. */
  #calm = false;
  /** Lost events that were reported. */
  #reported = 0;
  /** Missing numbers at the end of the drain before. */
  #missingBefore = 0;
  /** Of what was stamped before, everything has come. */
  #soundUntil = 0;
  #repairDue = false;
  #repairedAt = 0;

  /** Subscribes; throws SourceRefused where the host does not allow it. `wake` ends a wait. */
  constructor(
    libc: Libc,
    clocks: Clocks,
    options: CaptureOptions & Pick<ImageWishes, "admit">,
    wake: number,
  ) {
    this.#libc = libc;
    this.#clocks = clocks;
    this.#sub = listen(libc, (name) => ownNamespace(libc, options.procRoot, name));
    this.#files = new ProcFiles(libc, options.procRoot, options);
    this.#names = new ExitNames(libc, this.#files);
    this.#slots = libc.datagrams(BATCH, SLOT);
    this.#rings = libc.datagrams(16, SLOT);
    this.#capacity = Math.floor(this.#sub.bufferBytes / EVENT_TRUESIZE);
    this.#napMax = this.#capacity / 2 / EVENTS_PER_SECOND_MAX * 1e9;
    this.#waitAll = pollSet([this.#sub.doorbell, wake, this.#sub.truth]);
    this.#waitRing = this.#waitAll.subarray(0, 16);
    this.#ringOnly = this.#waitAll.subarray(0, 8);
    const message = encodeMcastOp(PROC_CN_MCAST.IGNORE, 0);
    this.farewell = { fd: this.#sub.truth, message };
    this.#accounts = options.accounts ? TaskAccounts.open(libc) : null;
    const zombies = options.accounts === true && this.#accounts === null;
    this.#exits = zombies ? new ExitAccounts(libc, this.#files) : null;
    const accounts = zombies ? "zombie" : this.#accounts === null ? null : "taskstats";
    this.info = { source: "connector", why: this.#why(), isLimited: !this.#sub.forced, accounts };
    // A zombie may be gone after a nap.
    this.#patient = options.patient === true && !zombies;
    this.#many = zombies ? MANY_ZOMBIES : MANY;
    this.#napNs = this.#patient ? PATIENT_NAP_NS : NAP_NS;
  }

  #why(): string {
    const { forced } = this.#sub;
    return `the kernel's proc connector reports every event; its buffer holds ` +
      `${this.#capacity} of them${forced ? "" : " (net.core.rmem_max allows no more)"}`;
  }

  snapshot(writer: BatchWriter): number {
    // What happened before the first scan is in what that finds.
    this.#since = Infinity;
    const view = new DataView(new ArrayBuffer(SLOT));
    for (const bytes of this.#sub.early) {
      new Uint8Array(view.buffer).set(bytes.subarray(0, SLOT));
      this.#take(view, 0, bytes.length, writer);
    }
    this.#since = requireScan(this.#repair(writer), this.#files.root);
    return this.#since;
  }

  turn(writer: BatchWriter): void {
    if (this.#calm && writer.count === 0) this.#libc.ppoll(this.#waitAll, -1);
    const end = this.#clocks.now() + this.#nap(writer);
    this.#await(end, this.#waitRing);
    const events = this.#drain(writer);
    if (!this.#patient) this.#napNs = this.#napAfter(events);
    const settled = this.#account(writer, events);
    if (this.#repairDue && this.#clocks.now() - this.#repairedAt > REPAIR_PAUSE_NS) {
      this.#repair(writer);
    }
    this.#calm = settled && !this.#repairDue && !this.#restless.active;
  }

  idle(ns: number): void {
    if (!this.#images.full) this.#await(this.#clocks.now() + ns, this.#waitRing);
    else this.#libc.ppoll(this.#waitRing.subarray(8), ns);
  }

  /** Answers the doorbell until that time, or until the wake descriptor in `set` is ready. */
  #await(end: number, set: Uint8Array): void {
    this.#answerRings();
    for (let left = end - this.#clocks.now(); left > 0; left = end - this.#clocks.now()) {
      const ready = this.#libc.ppoll(set, left);
      if (ready > 0 && set.length > 8 && set[14] !== 0) break; // revents of the wake descriptor
      if (ready > 0) this.#answerRings();
    }
  }

  /** How long the truth is left to fill now. */
  #nap(writer: BatchWriter): number {
    const nap = Math.min(this.#napNs, this.#napMax);
    if (writer.count === 0 || nap > NAP_NS) return nap;
    // Somebody may wait for what can be handed over then.
    const ripe = writer.youngest + REORDER_NS - this.#clocks.now();
    return Math.max(SHORT_NAP_NS, Math.min(nap, ripe));
  }

  /** The nap after a drain that found so many events. */
  #napAfter(events: number): number {
    const now = this.#clocks.now();
    this.#recent += events;
    if (this.#recent >= this.#many) this.#lively = true;
    if (now >= this.#windowEnd) {
      this.#lively = this.#recent >= this.#many;
      this.#recent = 0;
      this.#windowEnd = now + WINDOW_NS;
    }
    return this.#lively ? Math.min(LONG_NAP_NS, this.#napNs * NAP_GROWTH) : NAP_NS;
  }

  settle(writer: BatchWriter): number {
    const until = this.#clocks.now();
    // What other CPUs have stamped by now may be on its way still.
    this.#await(until + REORDER_NS, this.#ringOnly);
    // What is missing after two drains is lost.
    for (let drain = 0; drain < 2; drain++) this.#account(writer, this.#drain(writer));
    this.#restless.settle(this.#clocks.now(), this.horizon, writer);
    return until;
  }

  close(): void {
    this.#libc.send(this.#sub.truth, this.farewell.message, 0);
    this.#libc.close(this.#sub.doorbell);
    this.#accounts?.close();
    this.#exits?.forget();
  }

  /** Reads the images of processes that have just exec'd. */
  #answerRings(): void {
    const { doorbell } = this.#sub;
    const rings = this.#rings;
    while (true) {
      const received = this.#libc.recvmmsg(doorbell, rings, SOCKET.MSG_DONTWAIT);
      for (let slot = 0; slot < received; slot++) {
        if (rings.sender(slot) !== 0) continue;
        const datagram = this.#datagram;
        if (!decodeProcEvent(rings.bytes, slot * SLOT, rings.length(slot), datagram)) continue;
        this.#images.ring(eventKey(datagram), datagram.words[1]!);
      }
      if (received < rings.count) return;
    }
  }

  #readImage(pid: number): Uint8Array | null {
    const handle = this.#files.openProcess(pid);
    if (handle < 0) return null;
    const image = this.#files.readImage(handle);
    this.#exits?.met(pid, handle);
    this.#libc.close(handle);
    return image;
  }

  /** Takes all that waits in the truth; the number of events. */
  #drain(writer: BatchWriter): number {
    const slots = this.#slots;
    // What is stamped later than this may still be on its way from another CPU.
    const before = this.#clocks.sample();
    let events = 0;
    this.#restless.turn(before, this.horizon, writer);
    this.#exits?.beginDrain();
    while (true) {
      const received = this.#libc.recvmmsg(this.#sub.truth, slots, SOCKET.MSG_DONTWAIT);
      for (let slot = 0; slot < received; slot++) {
        if (slots.sender(slot) !== 0) continue;
        this.#take(slots.bytes, slot * SLOT, slots.length(slot), writer);
      }
      if (received > 0) events += received;
      if (received < slots.count) break;
      this.#answerRings();
    }
    // Stamped later than all that these tasks have done, their fork included.
    this.#accounts?.drain(writer, this.#clocks, this.#names, this.horizon);
    this.#names.drained(this.horizon, writer);
    this.horizon = before - REORDER_NS;
    this.#lateReads.settle(this.horizon);
    return events;
  }

  #take(bytes: DataView, at: number, length: number, writer: BatchWriter): void {
    const datagram = this.#datagram;
    if (!decodeProcEvent(bytes, at, length, datagram)) return;
    const { cpu, seq } = datagram;
    const { suspendedNs } = this.#clocks;
    // The acks of old kernels name no CPU and take no number.
    if (cpu !== 0xffffffff) this.#sequence.note(cpu, seq, datagram.time + suspendedNs);
    if (datagram.what === PROC_EVENT.NONE) return;
    const event = this.#event;
    translate(datagram, suspendedNs, event);
    if (event.kind === EVENT.exec) this.#takeImage(event, eventKey(datagram), writer);
    else if (isThreadsOwn(event)) return;
    else if (event.kind === EVENT.fork && event.tid === event.pid) this.#doubtImage(event, writer);
    // The scan may have read of a process that has just exited that it lives.
    if (event.time < this.#since && event.kind !== EVENT.exit) return;
    if (!this.#restless.admit(event)) return;
    this.#restless.tell(event.kind === EVENT.fork ? event.a : event.pid, event.time, writer);
    this.#names.note(event, this.horizon, writer);
    writer.add(event);
    if (this.#exits === null) return;
    const { kind, pid, tid, time } = event;
    if (kind === EVENT.fork && pid === tid) this.#exits.forked(pid);
    if (kind === EVENT.exit) this.#exits.exited(pid, tid === pid, time, this.#clocks.now(), writer);
  }

  #takeImage(event: SourceEvent, key: number, writer: BatchWriter): void {
    event.text = this.#images.take(key, event.pid);
    this.#doubtImage(event, writer);
    const { pid, time, text } = event;
    if (text !== null) this.#lateReads.note(pid, time, this.#images.readAt, text);
  }

  /** What was read of this pid for an exec before may be of what it begins with this event. */
  #doubtImage({ pid, time, text }: SourceEvent, writer: BatchWriter): void {
    if (this.#lateReads.waiting === 0) return;
    const exec = this.#lateReads.overtaken(pid, time, text);
    if (exec !== null) writer.dropText(pid, exec);
  }

  /** Reports lost events; whether nothing is in doubt. */
  #account(writer: BatchWriter, events: number): boolean {
    const sequence = this.#sequence;
    const { missing } = sequence;
    // A number that is missing now and was missing one drain ago is lost, not late.
    let lost = Math.min(missing, this.#missingBefore);
    const settled = missing === this.#missingBefore;
    this.#missingBefore = missing;
    if (sequence.takeNewCpu() || events * 4 > this.#capacity || !settled) {
      lost = Math.max(lost, this.#drops());
    }
    if (lost > this.#reported) this.#tellLoss(writer, lost);
    if (lost >= missing) {
      sequence.closeHoles();
      this.#soundUntil = this.horizon;
    }
    return settled;
  }

  #tellLoss(writer: BatchWriter, lost: number): void {
    const event = this.#event.reset(EVENT.gap, this.#clocks.now(), 0, 0);
    event.start = this.#lossBegan(lost);
    event.a = lost - this.#reported;
    event.b = GAP_REASON.overflow;
    writer.add(event);
    this.#reported = lost;
    this.#repairDue = true;
    this.#images.clear();
    this.#names.forget();
    this.#exits?.forget();
  }

  /** When the first that is missing can have been. */
  #lossBegan(lost: number): number {
    const { missing, holeSince, lastOfAll } = this.#sequence;
    // The kernel's own count names no CPU: one that has not shown its hole may be the first.
    const since = lost > missing ? Math.min(holeSince, lastOfAll) : holeSince;
    return since === Infinity ? this.#soundUntil : Math.max(since, this.#soundUntil);
  }

  /** The kernel's own count of what it dropped for this socket. */
  #drops(): number {
    const value = new Uint8Array(this.#meminfo.buffer);
    const { SOL_SOCKET, SO_MEMINFO } = SOCKET;
    const length = this.#libc.getsockopt(this.#sub.truth, SOL_SOCKET, SO_MEMINFO, value);
    return length < 0 ? 0 : this.#meminfo[SK_MEMINFO.DROPS]!;
  }

  /**
   * Lists /proc into the stream; the machine takes what differs as inferred. When it began; null
   * when there were no descriptors for that: it is tried again.
   */
  #repair(writer: BatchWriter): number | null {
    this.#repairDue = false;
    const answer = () => this.#answerRings();
    const add = (event: SourceEvent) => {
      writer.add(event);
      if (event.kind === EVENT.present) this.#exits?.found(event.pid);
    };
    const begin = scanProcesses(this.#libc, this.#clocks, this.#files, { add }, answer);
    this.#repairDue = begin === null;
    this.#repairedAt = this.#clocks.now();
    return begin;
  }
}

/** A thread that is not the leader has another name or user: that says nothing of its process. */
function isThreadsOwn({ kind, pid, tid }: SourceEvent): boolean {
  return tid !== pid && (kind === EVENT.comm || kind === EVENT.uid || kind === EVENT.gid);
}

/** CPU and sequence number name an event on both sockets. */
function eventKey(datagram: ProcDatagram): number {
  return datagram.cpu * 0x1_0000_0000 + datagram.seq;
}

/** The event language's word for each event of the kernel. */
const KINDS: Partial<Record<number, SourceEvent["kind"]>> = {
  [PROC_EVENT.FORK]: EVENT.fork,
  [PROC_EVENT.EXEC]: EVENT.exec,
  [PROC_EVENT.UID]: EVENT.uid,
  [PROC_EVENT.GID]: EVENT.gid,
  [PROC_EVENT.SID]: EVENT.sid,
  [PROC_EVENT.PTRACE]: EVENT.ptrace,
  [PROC_EVENT.COMM]: EVENT.comm,
  [PROC_EVENT.COREDUMP]: EVENT.coredump,
  [PROC_EVENT.EXIT]: EVENT.exit,
};

/** Writes the kernel's event in the event language; `suspendedNs` makes its time one since boot. */
export function translate(from: ProcDatagram, suspendedNs: number, to: SourceEvent): void {
  const words = from.words;
  const kind = KINDS[from.what] ?? EVENT.other;
  const time = from.time + suspendedNs;
  if (kind === EVENT.fork) {
    to.reset(kind, time, words[3]!, words[2]!);
    to.a = words[1]!;
    to.b = words[0]!;
  } else {
    to.reset(kind, time, words[1]!, words[0]!);
    to.a = words[2]!;
    to.b = words[3]!;
  }
  to.cpu = from.cpu;
  if (kind === EVENT.exit) to.c = words[5]!;
  if (kind === EVENT.exec) to.d = UNKNOWN;
  if (kind === EVENT.ptrace) to.a = words[3]!;
  if (kind === EVENT.other) to.a = from.what | 0;
  if (kind === EVENT.comm) to.text = commOf(from);
}

/** comm[16] starts after the two pids and ends at its NUL. */
function commOf(from: ProcDatagram): Uint8Array {
  const comm = from.union.subarray(8, 24);
  const nul = comm.indexOf(0);
  return comm.slice(0, nul < 0 ? comm.length : nul);
}
