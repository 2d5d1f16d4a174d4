/**
 * The state machine: source events in, changes of processes out. Pure and synchronous.
 *
 * @module
 */
import type { Redact } from "../redact/redact.ts";
import { Account, decodeFigures, type TaskFigures } from "./account.ts";
import { type BootClock, NO_BOOT } from "./boot.ts";
import { Change, type ChangeKind, PROPERTY_KINDS } from "./change.ts";
import {
  classify,
  count,
  isLeaderless,
  isZombie,
  sameLife,
  statusAfter,
  takeCount,
  vanished,
} from "./classify.ts";
import { EVENT, FLAG, type SourceEvent, UNKNOWN } from "./event.ts";
import type { Image } from "./image.ts";
import { IMAGE_LIMITS, ImageShares, type UserTime } from "./image_shares.ts";
import { LIFECYCLE, type LifeEffect, type LifeInput } from "./lifecycle.ts";
import { ANCESTORS_MAX, Memory } from "./memory.ts";
import { Process, TICK_NS } from "./process.ts";

export { Change, CHANGE_KINDS, type ChangeKind } from "./change.ts";

/** How the machine is set up. */
export interface MachineOptions {
  /** Told of each change, in order; must not keep the object. */
  onChange(change: Change): void;
  /** Told when a scan of /proc is over: what it has not shown alive is not there. */
  onScanned?(): void;
  /** Told of each new thread of a process. */
  onThread?(time: number, process: Process, tid: number): void;
  /**
   * Told what a task of a process has cost, about when that exits; `last` ends the process. Must
   * not keep the figures.
   */
  onAccount?(process: Process, figures: TaskFigures, last: boolean): void;
  /** How many dead processes without living descendants are kept (default 4096). */
  deadLimit?: number;
  /** How many dead ancestors of living processes are kept (default 65 536). */
  ancestorLimit?: number;
  /** Takes the secrets out of each command line; it is kept as it is when not given. */
  redact?: Redact | undefined;
  /** The thread's time, of which each user's command lines have a share; not counted without. */
  time?: UserTime | undefined;
  /** The boot of the processes, where it is known. */
  boot?: BootClock | undefined;
  /** What images may take, instead of IMAGE_LIMITS. */
  imageLimits?: { readonly total: number; readonly reserve: number };
}

/** The processes of one host during one boot, and the rules by which events change them. */
export class Machine {
  readonly #memory: Memory;
  readonly #onChange: (change: Change) => void;
  readonly #onScanned: (() => void) | undefined;
  readonly #onThread: MachineOptions["onThread"] | undefined;
  readonly #onAccount: MachineOptions["onAccount"] | undefined;
  readonly #images: ImageShares;
  readonly #boot: BootClock;
  readonly #change = new Change();
  readonly #effects: Readonly<Record<LifeEffect, Effect>>;
  #scans = 0;
  #scanBegan = 0;
  /** Processes the running rescan has shown alive. */
  readonly #confirmed = new Set<Process>();
  /** The first scan is over. */
  #scanned = false;
  #onDoubt: Parameters<Machine["mistrustCounts"]>[0] | null = null;
  /** Exits from before the first scan, which may find the process as if it lived. */
  readonly #early = new Map<number, { readonly at: number; readonly status: number }>();

  /** A machine that knows no process yet. */
  constructor(options: MachineOptions) {
    this.#onChange = options.onChange;
    this.#onScanned = options.onScanned?.bind(options);
    this.#onThread = options.onThread?.bind(options);
    this.#onAccount = options.onAccount?.bind(options);
    const { redact, time = null, imageLimits: { total, reserve } = IMAGE_LIMITS } = options;
    this.#boot = options.boot ?? NO_BOOT;
    this.#images = new ImageShares(redact, time, total, reserve);
    const { deadLimit = 4096, ancestorLimit = ANCESTORS_MAX } = options;
    this.#memory = new Memory(deadLimit, ancestorLimit, (process) => this.#forgotten(process));
    this.#effects = {
      "ignore": () => {},
      "begin": (event) => this.#begin(event),
      "replace": (event, process) => this.#replace(event, process!),
      "discover": (event, _, input) => this.#discover(event, input),
      "announce": (event, process) => this.#announce(event, process!),
      "grow": (event, process) => this.#grow(event, process!),
      "shrink": (event, process) => count(event, process!, -1),
      "exec": (event, process) => this.#exec(event, process!),
      "change": (event, process) => this.#alter(event, process!),
      "confirm": (event, process) => this.#confirm(event, process!),
      "end": (event, process) => this.#end(event, process!),
      "vanish": (event, process) => this.#vanish(event, process!),
    };
  }

  /**
   * From now on no count of threads that a scan has read is taken as proof of an end. `onDoubt` is
   * told of each exit of a task, and when it was, after which its process may be gone. Who looks
   * that up and finds it gone, tells it by an exit of the whole process.
   */
  mistrustCounts(onDoubt: (process: Process, exitAt: number) => void): void {
    this.#onDoubt = onDoubt;
  }

  /** Bytes of the long images that known processes have. */
  get imageBytes(): number {
    return this.#images.used;
  }

  /** How many images were cut since this was asked last, because their user had no more share. */
  takeCut(): number {
    return this.#images.takeCut();
  }

  /** The latest process with `pid`, alive or dead; undefined when none is known. */
  get(pid: number): Process | undefined {
    return this.#memory.get(pid);
  }

  /** All known processes, dead ones included while they are kept. */
  processes(): Iterable<Process> {
    return this.#memory.all();
  }

  /** Applies one event. */
  step(event: SourceEvent): void {
    switch (event.kind) {
      case EVENT.gap:
        this.#change.since = Math.min(event.start || event.time, event.time);
        this.#report("gap", event, null);
        return;
      case EVENT.other:
        return;
      case EVENT.account:
        this.#noteAccount(event);
        return;
      case EVENT.scanBegin:
        this.#scans++;
        this.#scanBegan = event.time;
        this.#confirmed.clear();
        return;
      case EVENT.scanEnd:
        this.#finishScan(event);
        return;
      default:
        this.#live(event);
    }
  }

  #noteAccount({ pid, a, bytes, bytesAt }: SourceEvent): void {
    const process = this.#memory.get(pid);
    if (process === undefined || bytes === null) return;
    const figures = decodeFigures(bytes, bytesAt);
    process.account ??= new Account();
    process.account.addTask(figures);
    process.accounted ||= a === 1;
    this.#onAccount?.(process, figures, a === 1);
  }

  #live(event: SourceEvent): void {
    if (this.#scans === 0 && this.#onDoubt !== null && event.kind === EVENT.exit) {
      this.#early.set(event.pid, { at: event.time, status: event.a });
      return;
    }
    let process = this.#memory.get(event.pid);
    if (event.kind === EVENT.present && process?.alive && !sameLife(event, process)) {
      this.#apply("absent", event, process);
      process = this.#memory.get(event.pid);
    }
    if (event.kind === EVENT.exit && process?.unheard && !process.alive) {
      this.#hear(event, process);
      return;
    }
    const input = classify(event, process, this.#onDoubt === null);
    if (input !== null) this.#apply(input, event, process);
    if (event.kind === EVENT.exit && process !== undefined) this.#doubt(event, process);
  }

  #doubt(event: SourceEvent, process: Process): void {
    // What no scan has shown may be hidden: that it is not to be found would prove nothing.
    if (!process.alive || process.start === null) return;
    if (process.counted && process.state !== "leaderless") return;
    this.#onDoubt?.(process, event.time);
  }

  /** An exit is told a little before /proc shows it. */
  #doubtEarly(process: Process): void {
    const exit = this.#early.get(process.pid);
    if (exit === undefined || process.unheard) return;
    process.counted = false;
    process.status = exit.status;
    this.#onDoubt?.(process, exit.at);
  }

  /** The exit of what the first scan has met as a zombie: it ended since that began. */
  #hear(event: SourceEvent, process: Process): void {
    if (event.tid !== event.pid) return;
    process.unheard = false;
    this.#noteEnd(event, process);
    this.#report("exit", event, process);
  }

  #apply(input: LifeInput, event: SourceEvent, process: Process | undefined): void {
    const [next, effect] = LIFECYCLE[process?.state ?? "unknown"][input];
    this.#effects[effect](event, process, input);
    // `begin` and its kin made another process and gave it its state.
    if (process === undefined || this.#memory.get(event.pid) !== process) return;
    process.state = next;
  }

  #begin(event: SourceEvent): void {
    const present = event.kind === EVENT.present;
    // A poller's fork names the clock tick it came from; the connector's time is the fork's own.
    const process = this.#create(event, present ? event.start : event.start || event.time);
    process.start = process.born;
    process.state = present && isLeaderless(event) ? "leaderless" : "running";
    if (present) {
      this.#adopt(event, process);
      return;
    }
    process.asOf = 0;
    process.announced = true;
    process.exact = true;
    process.counted = true;
    this.#inherit(process, event.a);
    this.#report("fork", event, process);
  }

  /** Takes over a process that a rescan found. */
  #adopt(event: SourceEvent, process: Process): void {
    const parent = this.#memory.get(event.a);
    process.ppid = event.a;
    if (parent !== undefined && parent !== process) this.#memory.link(process, parent);
    takeCount(event, process);
    process.uid = event.d === UNKNOWN ? parent?.uid ?? null : event.d >>> 0;
    this.#give(process, this.#images.decode(event.text, parent?.image, process.uid, true));
    process.kernel = (event.flags & FLAG.kernel) !== 0;
    process.announced = this.#scans > 1;
    if (!isZombie(event)) this.#confirmed.add(process);
    else process.unheard = !process.announced;
    if (!process.announced) {
      this.#report("snapshot", event, process);
      this.#doubtEarly(process);
      return;
    }
    this.#report("fork", event, process, true);
    if (parent !== undefined && !parent.image.sameProgram(process.image)) {
      this.#remember(parent);
      this.#report("exec", event, process, true);
    }
  }

  #replace(event: SourceEvent, old: Process): void {
    this.#vanish(event, old);
    old.state = "exited";
    this.#begin(event);
  }

  /** Something is told of a process whose fork nobody saw. */
  #discover(event: SourceEvent, input: LifeInput): void {
    const process = this.#create(event, event.time);
    process.state = "running";
    if (input !== "last exit") {
      this.#apply(input, event, process);
      return;
    }
    if (event.c > 0) this.#inherit(process, event.c);
    this.#end(event, process);
    process.state = "unborn";
  }

  #announce(event: SourceEvent, process: Process): void {
    process.exact = true;
    if (process.start === null) process.start = event.time;
    if (process.parent === null || process.ppid !== event.a) {
      const { image, uid, kernel } = process;
      this.#memory.unlink(process);
      this.#inherit(process, event.a);
      if (image.parts.comm !== null || image.parts.argv !== null) {
        this.#give(process, image);
        process.kernel = kernel;
      }
      if (uid !== null) process.uid = uid;
    }
    if (process.announced) return;
    process.announced = true;
    this.#report("fork", event, process);
  }

  #grow(event: SourceEvent, process: Process): void {
    count(event, process, 1);
    this.#onThread?.(event.time, process, event.tid);
  }

  #exec(event: SourceEvent, process: Process): void {
    this.#remember(process);
    process.threads = 1;
    process.counted = true;
    process.kernel = false;
    process.end = null;
    process.status = null;
    if (event.d !== UNKNOWN) process.uid = event.d >>> 0;
    // A poller takes a title for an exec, and says that it is not sure.
    const found = (event.flags & FLAG.inferred) !== 0;
    this.#give(process, this.#images.decode(event.text, process.image, process.uid, found));
    this.#report("exec", event, process);
  }

  #alter(event: SourceEvent, process: Process): void {
    if (event.kind === EVENT.coredump) process.dumped = true;
    if (event.tid !== event.pid && event.kind !== EVENT.ptrace) return;
    // A name that was found out in the end is for who has none.
    const isGuess = event.kind === EVENT.comm && (event.flags & FLAG.inferred) !== 0;
    if (isGuess && process.image.parts.comm !== null) return;
    this.#remember(process);
    if (event.kind === EVENT.comm && event.text !== null) {
      this.#give(process, process.image.renamed(event.text.slice()));
    }
    if (event.kind === EVENT.uid) process.uid = event.a >>> 0;
    this.#report(PROPERTY_KINDS[event.kind]!, event, process);
  }

  #confirm(event: SourceEvent, process: Process): void {
    this.#remember(process);
    if (process.start === null) process.start = event.start;
    if (process.ppid === null) {
      process.ppid = event.a;
      const parent = this.#memory.get(event.a);
      if (parent !== undefined && parent !== process) this.#memory.link(process, parent);
    }
    process.reaper = event.a === process.ppid ? null : event.a;
    takeCount(event, process);
    if (event.d !== UNKNOWN) process.uid = event.d >>> 0;
    process.kernel = (event.flags & FLAG.kernel) !== 0;
    if (isZombie(event)) return;
    this.#confirmed.add(process);
    const image = this.#images.decodeNew(event.text, process.image, process.uid);
    if (image === null) return;
    this.#give(process, image);
    this.#report("exec", event, process, true);
  }

  #end(event: SourceEvent, process: Process): void {
    this.#noteEnd(event, process);
    this.#report("exit", event, process);
    this.#memory.ended(process);
  }

  #noteEnd(event: SourceEvent, process: Process): void {
    process.end = event.asOf === 0 ? event.time : event.asOf;
    process.status = statusAfter(event, process);
    if (event.c > 0) process.reaper = event.c === process.ppid ? null : event.c;
  }

  #vanish(event: SourceEvent, process: Process): void {
    process.end = event.time;
    // A zombie that was there before we were is no news.
    if (process.announced || this.#scanned) this.#report("exit", event, process, true);
    this.#memory.ended(process);
  }

  #finishScan(event: SourceEvent): void {
    const gone: Process[] = [];
    for (const process of this.#memory.all()) {
      if (process.parent === null && process.ppid !== null) this.#relink(process);
      if (!process.alive || this.#confirmed.has(process)) continue;
      if (process.born < this.#scanBegan) gone.push(process);
    }
    this.#confirmed.clear();
    for (const process of gone) this.#apply("absent", vanished(event, process), process);
    this.#scanned = true;
    this.#early.clear();
    this.#onScanned?.();
  }

  #give(process: Process, image: Image): void {
    const before = process.image;
    if (process.holds) this.#images.release(before);
    process.image = image;
    process.holds = image.bytes > 0;
    if (process.holds) this.#images.hold(image);
  }

  #forgotten(process: Process): void {
    if (!process.holds) return;
    process.holds = false;
    this.#images.release(process.image);
  }

  #remember({ image, uid }: Process): void {
    this.#change.before = image;
    this.#change.uidBefore = uid;
  }

  /** A child can be listed before its parent when pids have come round. */
  #relink(process: Process): void {
    const parent = this.#memory.get(process.ppid!);
    if (parent === undefined || parent === process || parent.born > process.born) return;
    this.#memory.link(process, parent);
  }

  #create(event: SourceEvent, born: number): Process {
    const before = this.#memory.get(event.pid);
    const again = before !== undefined && before.startTicks === Math.floor(born / TICK_NS);
    const process = new Process(event.pid, born, again ? before.nth + 1 : 0, this.#boot);
    this.#memory.add(process);
    return process;
  }

  /** A fork shares all that identifies the parent, without asking /proc. */
  #inherit(process: Process, ppid: number): void {
    if (ppid === UNKNOWN) return;
    process.ppid = ppid;
    const parent = this.#memory.get(ppid);
    if (parent === undefined || parent === process) return;
    // Another that nobody has seen has its pid by now.
    if (parent.end !== null && parent.end < process.born) return;
    this.#memory.link(process, parent);
    this.#give(process, parent.image);
    process.uid = parent.uid;
    process.kernel = parent.kernel;
  }

  #report(
    kind: ChangeKind,
    event: SourceEvent,
    process: Process | null,
    inferred: boolean = (event.flags & FLAG.inferred) !== 0,
  ): void {
    const change = this.#change;
    change.kind = kind;
    change.time = event.time;
    change.process = process;
    change.inferred = inferred;
    change.tid = event.tid;
    change.a = event.a;
    change.b = event.b;
    this.#onChange(change);
  }
}

type Effect = (event: SourceEvent, process: Process | undefined, input: LifeInput) => void;
