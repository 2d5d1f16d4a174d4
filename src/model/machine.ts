/**
 * The state machine: source events in, changes of processes out. Pure and synchronous.
 *
 * @module
 */
import { Account, decodeFigures, type TaskFigures } from "./account.ts";
import { EVENT, FLAG, SourceEvent, UNKNOWN } from "./event.ts";
import { Image, NO_IMAGE } from "./image.ts";
import { LIFECYCLE, type LifeEffect, type LifeInput } from "./lifecycle.ts";
import { Memory } from "./memory.ts";
import { Process, TICK_NS } from "./process.ts";
import type { Redact } from "./redact.ts";

/** What changes tell; the names are those of the NDJSON field `event`. */
export const CHANGE_KINDS = [
  "gap",
  "snapshot",
  "fork",
  "exec",
  "exit",
  "comm",
  "uid",
  "gid",
  "sid",
  "ptrace",
  "coredump",
] as const;

/** One of {@linkcode CHANGE_KINDS}. */
export type ChangeKind = typeof CHANGE_KINDS[number];

/** One change, reused for the next: copy what is to be kept. */
export class Change {
  /** What happened. */
  kind: ChangeKind = "gap";
  /** Nanoseconds since boot. */
  time = 0;
  /** The process it is about; null for a gap. */
  process: Process | null = null;
  /** Reconstructed instead of seen. */
  inferred = false;
  /** Thread it happened in, where that is not the leader; else the pid. */
  tid = 0;
  /** uid, gid: real id. ptrace: the tracer's pid, 0 at the end. gap: how many, or UNKNOWN. */
  a = 0;
  /** uid, gid: effective id. gap: one of GAP_REASON. */
  b = 0;
  /** The image it had before an exec or a new name, and the real uid before a new one. */
  before: Image = NO_IMAGE;
  /** The real uid it had before; null when not known. */
  uidBefore: number | null = null;
}

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
}

/** Kinds of source events that only change a property. */
const PROPERTY_KINDS: Partial<Record<number, ChangeKind>> = {
  [EVENT.comm]: "comm",
  [EVENT.uid]: "uid",
  [EVENT.gid]: "gid",
  [EVENT.sid]: "sid",
  [EVENT.ptrace]: "ptrace",
  [EVENT.coredump]: "coredump",
};

/** The processes of one host during one boot, and the rules by which events change them. */
export class Machine {
  readonly #memory: Memory;
  readonly #onChange: (change: Change) => void;
  readonly #onScanned: (() => void) | undefined;
  readonly #onThread: MachineOptions["onThread"] | undefined;
  readonly #onAccount: MachineOptions["onAccount"] | undefined;
  readonly #redact: Redact | undefined;
  readonly #change = new Change();
  readonly #effects: Readonly<Record<LifeEffect, Effect>>;
  #scans = 0;
  #scanBegan = 0;
  /** Processes the running rescan has shown alive. */
  readonly #confirmed = new Set<Process>();
  /** Processes whose leader has exited while other threads live: few, and worth a look. */
  readonly leaderless: Set<Process> = new Set();

  /** A machine that knows no process yet. */
  constructor(options: MachineOptions) {
    this.#onChange = options.onChange;
    this.#onScanned = options.onScanned?.bind(options);
    this.#onThread = options.onThread?.bind(options);
    this.#onAccount = options.onAccount?.bind(options);
    this.#redact = options.redact;
    this.#memory = new Memory(options.deadLimit ?? 4096, options.ancestorLimit ?? 65_536);
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

  #noteAccount({ pid, a, text }: SourceEvent): void {
    const process = this.#memory.get(pid);
    if (process === undefined || text === null) return;
    const figures = decodeFigures(text);
    process.account ??= new Account();
    process.account.addTask(figures);
    process.accounted ||= a === 1;
    this.#onAccount?.(process, figures, a === 1);
  }

  #live(event: SourceEvent): void {
    let process = this.#memory.get(event.pid);
    if (event.kind === EVENT.present && process?.alive && !sameLife(event, process)) {
      this.#apply("absent", event, process);
      process = this.#memory.get(event.pid);
    }
    const input = classify(event, process);
    if (input !== null) this.#apply(input, event, process);
  }

  #apply(input: LifeInput, event: SourceEvent, process: Process | undefined): void {
    const [next, effect] = LIFECYCLE[process?.state ?? "unknown"][input];
    this.#effects[effect](event, process, input);
    // `begin` and its kin made another process and gave it its state.
    if (process === undefined || this.#memory.get(event.pid) !== process) return;
    if (process.state === next) return;
    if (process.state === "leaderless") this.leaderless.delete(process);
    if (next === "leaderless") this.leaderless.add(process);
    process.state = next;
  }

  #begin(event: SourceEvent): void {
    const present = event.kind === EVENT.present;
    // A poller's fork names the clock tick it came from; the connector's time is the fork's own.
    const process = this.#create(event, present ? event.start : event.start || event.time);
    process.start = process.born;
    process.state = "running";
    if (present) {
      this.#adopt(event, process);
      return;
    }
    process.asOf = 0;
    process.announced = true;
    process.exact = true;
    this.#inherit(process, event.a);
    this.#report("fork", event, process);
  }

  /** Takes over a process that a rescan found. */
  #adopt(event: SourceEvent, process: Process): void {
    const parent = this.#memory.get(event.a);
    process.ppid = event.a;
    if (parent !== undefined && parent !== process) this.#memory.link(process, parent);
    process.threads = event.b;
    process.asOf = event.asOf;
    process.uid = event.d === UNKNOWN ? parent?.uid ?? null : event.d >>> 0;
    process.image = Image.decode(event.text, parent?.image, this.#redact);
    process.announced = this.#scans > 1;
    if (!isZombie(event)) this.#confirmed.add(process);
    if (!process.announced) {
      this.#report("snapshot", event, process);
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
    this.leaderless.delete(old);
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
      const { image, uid } = process;
      this.#memory.unlink(process);
      this.#inherit(process, event.a);
      if (image.parts.comm !== null || image.parts.argv !== null) process.image = image;
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
    process.end = null;
    process.status = null;
    process.image = Image.decode(event.text, process.image, this.#redact);
    if (event.d !== UNKNOWN) process.uid = event.d >>> 0;
    this.#report("exec", event, process);
  }

  #alter(event: SourceEvent, process: Process): void {
    if (event.kind === EVENT.coredump) process.dumped = true;
    if (event.tid !== event.pid && event.kind !== EVENT.ptrace) return;
    this.#remember(process);
    if (event.kind === EVENT.comm && event.text !== null) {
      process.image = process.image.renamed(event.text.slice());
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
    process.threads = event.b;
    process.asOf = event.asOf;
    if (event.d !== UNKNOWN) process.uid = event.d >>> 0;
    if (isZombie(event)) return;
    this.#confirmed.add(process);
    const image = Image.decode(event.text, process.image, this.#redact);
    if (image.sameProgram(process.image) || image.parts.argv === null) return;
    process.image = image;
    this.#report("exec", event, process, true);
  }

  #end(event: SourceEvent, process: Process): void {
    process.end = event.asOf === 0 ? event.time : event.asOf;
    process.status = event.a === UNKNOWN ? null : event.a;
    if (event.c > 0) process.reaper = event.c === process.ppid ? null : event.c;
    this.#report("exit", event, process);
    this.#memory.ended(process);
  }

  #vanish(event: SourceEvent, process: Process): void {
    process.end = event.time;
    // A zombie that was there before we were is no news.
    if (process.announced || this.#scans > 1) this.#report("exit", event, process, true);
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
    this.#onScanned?.();
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
    const process = new Process(event.pid, born, again ? before.nth + 1 : 0);
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
    process.image = parent.image;
    process.uid = parent.uid;
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

function isZombie(event: SourceEvent): boolean {
  return (event.c === 0x5a || event.c === 0x58) && event.b <= 1; // 'Z', 'X'
}

/** The event by which a rescan ends `process`. */
function vanished(event: SourceEvent, process: Process): SourceEvent {
  return new SourceEvent().reset(EVENT.absent, event.time, process.pid, process.pid);
}

function count(event: SourceEvent, process: Process, by: 1 | -1): void {
  // Should the last thread's exit stay unseen, the leader's status is the best there is.
  if (event.kind === EVENT.exit && event.tid === event.pid) process.status = event.a;
  if (event.time <= process.asOf) return;
  process.threads = Math.max(1, process.threads + by);
}

/**
 * Whether a `fork` or `present` event is of the life that is known. The kernel sets the start
 * a little before it sends the fork, and /proc rounds it down to a tick: one tick of grace.
 */
function sameLife(event: SourceEvent, process: Process): boolean {
  if (event.kind === EVENT.present) {
    if (process.start === null) return event.start <= process.born;
    return Math.abs(Math.floor(event.start / TICK_NS) - process.startTicks) <= 1;
  }
  if (process.exact) return false;
  if (process.start === null) return event.time <= process.born;
  return event.time >= process.born && event.time < process.born + 2 * TICK_NS;
}

/** Names what `event` means for `process`; null when it means nothing. */
function classify(event: SourceEvent, process: Process | undefined): LifeInput | null {
  switch (event.kind) {
    case EVENT.fork:
      if (event.tid !== event.pid) return "clone";
      return process !== undefined && sameLife(event, process) ? "own fork" : "fork";
    case EVENT.exec:
      return "exec";
    case EVENT.exit:
      return classifyExit(event, process);
    case EVENT.present:
      if (process !== undefined && !process.alive && sameLife(event, process)) return null;
      return "present";
    case EVENT.absent:
      return "absent";
    default:
      return "change";
  }
}

function classifyExit(event: SourceEvent, process: Process | undefined): LifeInput {
  if ((event.flags & FLAG.group) !== 0) return "last exit";
  const last = process === undefined || process.threads <= 1;
  if (event.tid === event.pid) return last ? "last exit" : "leader exit";
  return last && process?.state === "leaderless" ? "last exit" : "thread exit";
}
