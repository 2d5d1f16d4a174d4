/**
 * The one language all sources speak: events about tasks, with times and numbers only.
 *
 * Times are nanoseconds since boot (CLOCK_BOOTTIME, as /proc/PID/stat counts), in a number:
 * exact for 104 days of uptime, within 4 ns for a year.
 *
 * @module
 */

/** Kinds of events; the comments name the fields each uses beside kind, time, pid and tid. */
export const EVENT = {
  /** A task was created: pid, tid the child's; a, b the parent's pid and tid, or UNKNOWN. */
  fork: 1,
  /**
   * A new program image: text an encoded image, null when it could not be read; d the real uid,
   * or UNKNOWN where inheritance answers.
   */
  exec: 2,
  /**
   * A task ended: a wait status or UNKNOWN, b signal to the parent, c the parent's pid or 0; asOf
   * when it ended, where that was before it was noticed.
   */
  exit: 3,
  /** The task's name changed: text the name's bytes. */
  comm: 4,
  /** Credentials changed: a real, b effective uid. */
  uid: 5,
  /** Credentials changed: a real, b effective gid. */
  gid: 6,
  /** The process became leader of a new session. */
  sid: 7,
  /** Tracing began or ended: a the tracer's pid, 0 for the end. */
  ptrace: 8,
  /** The process dumps core; its exit follows. */
  coredump: 9,
  /** Something newer than this program: a the kernel's event number. */
  other: 10,
  /**
   * Events were lost: a how many, b one of GAP_REASON; start when the first of them can have been,
   * time when they were found missing.
   */
  gap: 11,
  /** A rescan of /proc begins; what exists at this moment follows as `present`. */
  scanBegin: 12,
  /**
   * A process exists: start its start, asOf when it was read, a ppid, b number of threads,
   * c state letter, d real uid or UNKNOWN, text an encoded image.
   */
  present: 13,
  /** The rescan is complete: what was neither present nor forked since has ended unseen. */
  scanEnd: 14,
  /** The process was looked for and is gone. */
  absent: 15,
  /** What a task has cost that has exited: a 1 for the last of its process, text its figures. */
  account: 16,
} as const;

/** A value of {@linkcode EVENT}. */
export type EventKind = typeof EVENT[keyof typeof EVENT];

/** In a field: not known. No wait status, pid or uid has this value. */
export const UNKNOWN: -1 = -1;

/** Why events are missing. */
export const GAP_REASON = {
  /** The kernel dropped them: the socket's buffer was full. */
  overflow: 0,
  /** They were too short for the poller to see. */
  missed: 1,
  /** The reader of the output was too slow. */
  reader: 2,
  /** The history had no room. */
  full: 3,
  /** Nobody recorded; how many events that were is not known. */
  pause: 4,
  /** A registered application's signal queue was full, and what waits for it, too. */
  signals: 5,
  /** What one user may take, of a server or of the history, was used up. */
  share: 6,
  /** Lives that a host had forgotten before they were shipped to a fleet. */
  unshipped: 7,
} as const;

/** Words for {@linkcode GAP_REASON}, by its numbers. */
export const GAP_WORDS: readonly string[] = [
  "overflow",
  "missed",
  "slow reader",
  "disk full",
  "not recording",
  "signal queue full",
  "share used up",
  "not shipped",
];

/** Marks of an event. */
export const FLAG = {
  /** Reconstructed instead of seen. */
  inferred: 1,
  /** An exit of the whole process, whatever its threads were thought to be. */
  group: 2,
  /** A thread of the kernel is present. */
  kernel: 4,
} as const;

/** One event; sources and batches fill the same object again and again. */
export class SourceEvent {
  /** What happened. */
  kind: EventKind = EVENT.other;
  /** Bits of {@linkcode FLAG}. */
  flags = 0;
  /** CPU it happened on, or UNKNOWN. */
  cpu: number = UNKNOWN;
  /** Nanoseconds since boot. */
  time = 0;
  /** Thread group id: what user space calls the pid. */
  pid = 0;
  /** Thread id; equals pid for the leader. */
  tid = 0;
  /** Meaning by kind, as {@linkcode EVENT} says. */
  a = 0;
  /** Meaning by kind. */
  b = 0;
  /** Meaning by kind. */
  c = 0;
  /** Meaning by kind. */
  d = 0;
  /** Nanoseconds since boot: of a poller's `fork` and `present` a multiple of a clock tick. */
  start = 0;
  /** Nanoseconds since boot; `present` and `exit` only. */
  asOf = 0;
  /** Bytes among which the text is, so that no event needs an object for it; null: no text. */
  bytes: Uint8Array | null = null;
  /** Where in {@linkcode SourceEvent.bytes} it begins. */
  bytesAt = 0;
  /** How many bytes it has. */
  bytesLength = 0;

  /** Belongs to the batch: copy what is to be kept. */
  get text(): Uint8Array | null {
    const { bytes, bytesAt, bytesLength } = this;
    if (bytes === null || bytesLength === bytes.length) return bytes;
    return bytes.subarray(bytesAt, bytesAt + bytesLength);
  }

  set text(text: Uint8Array | null) {
    this.bytes = text;
    this.bytesAt = 0;
    this.bytesLength = text === null ? 0 : text.length;
  }

  /** Makes it an event of `kind` with every other field at rest. */
  reset(kind: EventKind, time: number, pid: number, tid: number): this {
    this.kind = kind;
    this.flags = 0;
    this.cpu = UNKNOWN;
    this.time = time;
    this.pid = pid;
    this.tid = tid;
    this.a =
      this.b =
      this.c =
      this.d =
        0;
    this.start = this.asOf = 0;
    this.text = null;
    return this;
  }
}
