/**
 * One source feeding one machine.
 *
 * @module
 */
import process from "node:process";
import { setImmediate } from "node:timers";
import { BatchReader, type BootEpoch } from "./model/batch.ts";
import { RunningBoot } from "./model/boot.ts";
import { Doubts } from "./model/doubts.ts";
import { EVENT, FLAG, GAP_REASON, SourceEvent, UNKNOWN } from "./model/event.ts";
import { type Change, Machine, type MachineOptions } from "./model/machine.ts";
import type { Process } from "./model/process.ts";
import { readShortBootId } from "./proc/boot_id.ts";
import { openProcfs, type ProcReader } from "./proc/procfs.ts";
import { hasEnded, parseStat } from "./proc/stat.ts";
import type { CaptureOptions, RunningCapture, SourceInfo, StartCapture } from "./source/capture.ts";
import { CaptureThread } from "./source/thread.ts";

/** Bytes of batches that are held at most: half a million events. */
const HELD_MAX = 32 << 20;
/** Events, and bytes of their texts, that are told before the listener is asked for more. */
const PIECE = 4096;
const PIECE_BYTES = 128 << 10;
/** How long is told before others have their turn on the thread, such as who asks by a socket. */
const TURN_MS = 20;
/** Between notes of one kind. */
const NOTE_MS = 60_000;
/** How long what is held is told when it ends. */
const END_MS = 3000;
/** Looks at processes that may be gone are at least so far apart. */
const LOOKS_MS = 50;

/** How a session is set up. */
export interface SessionOptions extends MachineOptions {
  readonly capture: CaptureOptions;
  /** Called after each batch, when all its changes have been told. */
  onBatch?(): void;
  /**
   * When the next batch may be told: null is now, else it is held until the promise resolves, or
   * until so much is held that it must be told all the same.
   */
  whenReady?(): Promise<void> | null;
  /** Something about the source that a person should know, as part of a sentence. */
  onNote?(text: string): void;
  /** The source ended by itself. */
  onEnd(error: Error | null): void;
}

/** Time as a session reads it, and what it does later. */
export interface SessionClock {
  /** Milliseconds of a clock that is never set. */
  now(): number;
  /** Calls `act` in so many milliseconds, unless what comes back is called before. */
  after(ms: number, act: () => void): () => void;
}

const REAL_CLOCK: SessionClock = {
  now: () => performance.now(),
  after(ms, act) {
    const timer = setTimeout(act, ms);
    return () => clearTimeout(timer);
  },
};

/** The state of the host as a source tells it. */
export class Session {
  readonly machine: Machine;
  readonly #boot: RunningBoot;
  readonly #options: SessionOptions;
  readonly #clock: SessionClock;
  readonly #procfs: ProcReader;
  readonly #event = new SourceEvent();
  #capture: RunningCapture | null = null;
  #begun = false;
  /** Batches that came before begin(), or while the listener was not ready. */
  readonly #held: ArrayBuffer[] = [];
  #heldBytes = 0;
  /** Events of the first of them that were told. */
  #told = 0;
  #events = 0;
  #lost = 0;
  /** Resolves when the listener is ready, and others had their turn; null when all that is so. */
  #waiting: Promise<void> | null = null;
  /** How long was told since others had their turn. */
  #workedMs = 0;
  #lastTime = 0;
  #lastTimeAt = 0;
  readonly #openedAt: number;
  readonly #doubts = new Doubts();
  /** Calls the next look off. */
  #callOff: (() => void) | null = null;
  /** When the next look is planned, and when the last was: milliseconds of the clock. */
  #lookAt = Infinity;
  #lookedAt = -Infinity;
  /** Command lines that were cut since that was said last, and when that was. */
  #cut = 0;
  #cutNotedAt = -Infinity;
  /** When what is still held is lost: milliseconds of the clock. */
  #endAt = Infinity;
  /** Something is in doubt since the next look was planned. */
  #doubted = false;

  private constructor(options: SessionOptions, clock: SessionClock) {
    this.#options = options;
    this.#clock = clock;
    this.#openedAt = clock.now();
    this.#procfs = openProcfs(options.capture.procRoot);
    this.#boot = new RunningBoot(readShortBootId(this.#procfs));
    this.machine = new Machine({
      ...options,
      boot: this.#boot,
      onChange: (change) => this.#tell(change),
    });
  }

  /**
   * Starts to capture, and holds back what it sees until begin(); rejects with SourceRefused where
   * the host allows no such source.
   */
  static async open(
    options: SessionOptions,
    start: StartCapture = CaptureThread.start,
    clock: SessionClock = REAL_CLOCK,
  ): Promise<Session> {
    const session = new Session(options, clock);
    session.#capture = await start(options.capture, {
      onBatch: (batch) => session.#receive(batch),
      onNote: (text) => options.onNote?.(text),
      onEnd: (error) => session.#ended(error),
    });
    const { boot, began } = session.#capture;
    session.#boot.shortId = boot ?? session.#boot.shortId;
    session.#boot.epoch = began.epoch;
    // What is replayed is not in /proc.
    if (session.info.source !== "replay") session.#mistrust();
    return session;
  }

  /** Lets the changes flow. */
  begin(): void {
    this.#begun = true;
    this.#tellHeld();
  }

  /** Tells what is held, piece by piece, as long as the listener is ready. */
  #tellHeld(): void {
    while (this.#held.length > 0 && this.#mayTell()) {
      const batch = this.#held[0]!;
      if (this.#clock.now() > this.#endAt) this.#lose(batch);
      else if (this.#tellPiece(batch)) continue;
      this.#held.shift();
      this.#heldBytes -= batch.byteLength;
    }
  }

  /** Wall-clock time of boot: add it to an event's time. */
  get epoch(): BootEpoch {
    return this.#boot.epoch!;
  }

  /** Nanoseconds from the beginning to the last event, or to now. */
  get elapsedNs(): number {
    return Math.max(this.#lastTime - this.beganAt, (this.#clock.now() - this.#openedAt) * 1e6);
  }

  /** Nanoseconds since boot when the capture began. */
  get beganAt(): number {
    return this.#capture!.began.time;
  }

  /**
   * Up to this time (nanoseconds since boot) everything has been told; when it is closed, that is
   * a moment after it was asked to, and what was on its way then and came later.
   */
  get told(): number {
    const until = this.#capture!.until ?? null;
    if (until !== null && this.#held.length === 0) return Math.max(until, this.#lastTime);
    return this.#lastTime === 0 ? this.beganAt : this.#lastTime;
  }

  /** Nanoseconds since boot, now: reckoned from the last event, never before it. */
  get now(): number {
    if (this.#lastTime === 0) {
      return this.beganAt + (this.#clock.now() - this.#openedAt) * 1e6;
    }
    return this.#lastTime + (this.#clock.now() - this.#lastTimeAt) * 1e6;
  }

  /** Changes that were told, and events that the source has lost, as far as it knows. */
  get tally(): { readonly events: number; readonly lost: number } {
    return { events: this.#events, lost: this.#lost };
  }

  /** The source in use. */
  get info(): SourceInfo {
    return this.#capture!.info;
  }

  /** Stops the source; resolves when everything it had seen has been told. */
  async close(): Promise<void> {
    this.#endAt = this.#clock.now() + END_MS;
    await this.#capture?.stop();
    do {
      this.#tellHeld();
      while (this.#waiting !== null) await this.#waiting;
    } while (this.#held.length > 0);
    // Nothing is on its way any more: what is gone is gone.
    for (let look = 0; look < 2; look++) this.#tellGone(Infinity, Infinity);
  }

  /** The end does not wait for all that a slow listener has left: what is left is counted. */
  #lose(batch: ArrayBuffer): void {
    const reader = new BatchReader(batch);
    const event = this.#event;
    reader.read(this.#told, event);
    const since = event.time;
    reader.read(reader.count - 1, event);
    const gap = new SourceEvent().reset(EVENT.gap, event.time, 0, 0);
    gap.start = since;
    gap.a = reader.count - this.#told;
    gap.b = GAP_REASON.reader;
    this.#told = 0;
    this.machine.step(gap);
    this.#lastTime = event.time;
  }

  #tell(change: Change): void {
    if (change.process !== null) this.#events++;
    else if (change.a > 0) this.#lost += change.a;
    this.#options.onChange(change);
  }

  #receive(batch: ArrayBuffer): void {
    this.#held.push(batch);
    this.#heldBytes += batch.byteLength;
    if (this.#begun) this.#tellHeld();
  }

  #mayTell(): boolean {
    if (this.#heldBytes > HELD_MAX) return true;
    if (this.#waiting === null) {
      this.#waiting = this.#options.whenReady?.() ?? this.#turn();
      void this.#waiting?.then(() => {
        this.#waiting = null;
        this.#tellHeld();
      });
    }
    return this.#waiting === null;
  }

  /** Lets the event loop turn after a while of telling: more than one batch may be held. */
  #turn(): Promise<void> | null {
    if (this.#workedMs < TURN_MS) return null;
    this.#workedMs = 0;
    return new Promise((resolve) => setImmediate(() => resolve()));
  }

  /** Tells the next events of `batch`; whether there are more. */
  #tellPiece(batch: ArrayBuffer): boolean {
    const reader = new BatchReader(batch);
    const { machine } = this;
    const event = this.#event;
    this.#boot.epoch = reader.epoch;
    const began = this.#clock.now();
    const end = Math.min(reader.count, this.#told + PIECE);
    let at = this.#told;
    for (let bytes = 0; at < end && bytes < PIECE_BYTES; bytes += event.bytesLength) {
      reader.read(at++, event);
      machine.step(event);
    }
    this.#told = at < reader.count ? at : 0;
    this.#lastTime = event.time;
    this.#lastTimeAt = this.#clock.now();
    if (this.#doubted) this.#lookLater();
    this.#noteCut(machine.takeCut());
    this.#options.onBatch?.();
    this.#workedMs += this.#clock.now() - began;
    return this.#told > 0;
  }

  /** Says now and then how many command lines were cut, beside what each says of itself. */
  #noteCut(cut: number): void {
    this.#cut += cut;
    const now = this.#clock.now();
    if (this.#cut === 0 || now < this.#cutNotedAt + NOTE_MS) return;
    const programs = this.#cut === 1 ? "a program" : `${this.#cut} programs`;
    this.#options.onNote?.(
      `cut short the command lines of ${programs}: their users have used up their share`,
    );
    this.#cut = 0;
    this.#cutNotedAt = now;
  }

  #mistrust(): void {
    this.machine.mistrustCounts((process, exitAt) => {
      this.#doubts.note(process, exitAt, this.#clock.now());
      this.#doubted = true;
    });
  }

  #lookLater(): void {
    this.#doubted = false;
    const at = Math.max(this.#doubts.nextAt, this.#lookedAt + LOOKS_MS);
    if (at >= this.#lookAt) return;
    this.#callOff?.();
    this.#lookAt = at;
    const wait = Math.max(0, at - this.#clock.now());
    this.#callOff = this.#clock.after(wait, () => this.#look());
  }

  /** Looks up processes whose end may have been told: /proc knows. */
  #look(): void {
    this.#callOff = null;
    this.#lookAt = Infinity;
    this.#lookedAt = this.#clock.now();
    // Their ends may be among what is held.
    if (this.#held.length === 0) this.#tellGone(this.#lookedAt);
    this.#lookLater();
  }

  #tellGone(nowMs: number, most?: number): void {
    const time = this.now;
    const gone = this.#doubts.look(nowMs, (process) => this.#isThere(process), most);
    for (const { process: { pid, status }, end } of gone) {
      const exit = new SourceEvent().reset(EVENT.exit, time, pid, pid);
      exit.flags = FLAG.group;
      exit.a = status ?? UNKNOWN;
      exit.asOf = end;
      this.machine.step(exit);
    }
    if (gone.length > 0) this.#options.onBatch?.();
  }

  #isThere({ pid, startTicks }: Process): boolean {
    let bytes: Uint8Array | null;
    try {
      bytes = this.#procfs.read(pid, "stat");
    } catch {
      return true; // No descriptor is left: nothing is known.
    }
    const stat = bytes === null ? null : parseStat(bytes);
    if (stat === null) return isHidden(pid);
    return !hasEnded(stat) && Math.abs(stat.startTicks - startTicks) <= 1;
  }

  #ended(error: Error | null): void {
    this.#callOff?.();
    this.#options.onEnd(error);
  }
}

/** Whether a process that /proc does not show exists: another user's, with hidepid. */
function isHidden(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
