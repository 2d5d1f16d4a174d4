/**
 * /proc/PID/stat, proc_pid_stat(5); fs/proc/array.c do_task_stat().
 *
 * One line of 52 fields. The second, comm, stands in parentheses and is written as it is: it may
 * hold `)`, spaces and newlines, so it ends at the last `)` of the line.
 *
 * @module
 */
const OPEN = 40;
const CLOSE = 41;
const SPACE = 32;
const NEWLINE = 10;
const MINUS = 45;

/** Field numbers as proc_pid_stat(5) counts them. */
const FIELD = {
  ppid: 4,
  pgrp: 5,
  session: 6,
  tty: 7,
  tpgid: 8,
  flags: 9,
  minflt: 10,
  majflt: 12,
  utime: 14,
  stime: 15,
  threads: 20,
  startTicks: 22,
  vsize: 23,
  rss: 24,
  startStack: 28,
  processor: 39,
  exitCode: 52,
} as const;

/** PF_KTHREAD of include/linux/sched.h, a bit of {@linkcode StatFields.flags}. */
export const PF_KTHREAD = 0x00200000;

/** PF_FORKNOEXEC: forked, and no program executed since. */
export const PF_FORKNOEXEC = 0x00000040;

/** The fields of one line; a poller lets {@linkcode parseStatInto} fill the same object again. */
export class StatFields {
  /** The task's id: a thread's where /proc/TID was read. */
  pid = 0;
  /** Where comm starts in the bytes that were parsed. */
  commStart = 0;
  /** Where comm ends; the byte there is the closing parenthesis. */
  commEnd = 0;
  /** Char code of the state letter: R, S, D, Z, T, t, X, I. */
  state = 0;
  /** 0 for the first process and for one whose parent is outside the pid namespace. */
  ppid = 0;
  /** Process group; -1 when the task is being released. */
  pgrp = 0;
  /** Session; -1 when the task is being released. */
  session = 0;
  /** Device number of the controlling terminal, 0 for none. */
  tty = 0;
  /** Process group in the foreground of that terminal; -1 for none. */
  tpgid = 0;
  /** PF_* bits of include/linux/sched.h. */
  flags = 0;
  minflt = 0;
  majflt = 0;
  /** Ticks of 10 ms in user mode. */
  utime = 0;
  /** Ticks of 10 ms in kernel mode. */
  stime = 0;
  /** Number of threads; 0 when the task is being released. */
  threads = 0;
  /** Ticks of 10 ms from boot (CLOCK_BOOTTIME) to the start. */
  startTicks = 0;
  /** Virtual memory, bytes. */
  vsize = 0;
  /** Resident memory, pages. */
  rss = 0;
  /** Where the stack of its program begins; 0 for a reader without ptrace rights. */
  startStack = 0;
  /** The CPU it ran on last; null where the line ends before. */
  processor: number | null = null;
  /**
   * Wait status of a zombie; 0 too while it lives and for a reader without ptrace rights; null
   * on kernels before 3.5.
   */
  exitCode: number | null = null;
}

const ZOMBIE = "Z".charCodeAt(0);

/**
 * Whether the task was being released when its line was written: what is shared by the threads of
 * a process, its parent too, is gone by then and shows as 0.
 */
export function isReleased({ threads }: Pick<StatFields, "threads">): boolean {
  return threads === 0;
}

/**
 * Whether the whole process has ended, not its leader alone: that stays as a zombie, and is
 * counted, while other threads live.
 */
export function hasEnded({ state, threads }: Pick<StatFields, "state" | "threads">): boolean {
  return state === ZOMBIE && threads <= 1;
}

/**
 * Whether only the leader has ended: its memory, and so its command line, is gone from /proc/PID,
 * and stands below those of the threads that live on.
 */
export function hasEndedLeader({ state, threads }: Pick<StatFields, "state" | "threads">): boolean {
  return state === ZOMBIE && threads > 1;
}

/** Threads of a process that are asked before one is found that lives; more are seldom dead. */
export const THREADS_ASKED = 16;

/** Whether it is a thread of the kernel; the programs that the kernel starts are not. */
export function isKernelThread({ flags }: Pick<StatFields, "flags">): boolean {
  return (flags & PF_KTHREAD) !== 0;
}

/** One line of /proc/PID/stat that may be kept. */
export interface Stat extends Omit<StatFields, "commStart" | "commEnd"> {
  /** Raw bytes, at most 15 for a process, 63 for a kernel thread. */
  comm: Uint8Array;
}

const values = new Float64Array(FIELD.rss + 1);

/** Reads the fields up to rss into `values`; where rss ends, -1 when they are malformed. */
function scanFields(bytes: Uint8Array, from: number, length: number): number {
  let field: number = FIELD.ppid;
  let value = 0;
  let start = from;
  let negative = false;
  for (let at = from; at < length; at++) {
    const byte = bytes[at]!;
    if (byte >= 48 && byte <= 57) {
      value = value * 10 + (byte - 48);
    } else if (byte === SPACE || byte === NEWLINE) {
      if (at === start) return -1;
      values[field] = negative ? -value : value;
      if (field === FIELD.rss) return at;
      if (byte === NEWLINE) return -1;
      field++;
      value = 0;
      negative = false;
      start = at + 1;
    } else if (byte === MINUS && at === start && !negative) {
      negative = true;
      start++;
    } else {
      return -1;
    }
  }
  return -1;
}

/**
 * Where field `wanted` begins in a line whose field `known` ends at `from`, a space; -1 when the
 * line has fewer. The fields between are only counted.
 */
function skipFields(
  bytes: Uint8Array,
  length: number,
  from: number,
  known: number,
  wanted: number,
): number {
  let at = from;
  for (let field = known; field < wanted; field++) {
    if (at < 0) return -1;
    at = bytes.indexOf(SPACE, at + (field === known ? 0 : 1));
  }
  return at < 0 || at + 1 >= length ? -1 : at + 1;
}

/** The number at `from`: it ends at whatever is no digit, for newer kernels may append fields. */
function digitsAt(bytes: Uint8Array, from: number): number {
  let value = 0;
  let at = from;
  for (let byte = bytes[at]!; byte >= 48 && byte <= 57; byte = bytes[++at]!) {
    value = value * 10 + (byte - 48);
  }
  return value;
}

/**
 * Parses the first `length` of `bytes` into `into`, without allocating. Answers false, and leaves
 * `into` as it was, when they are no whole line: malformed or cut.
 */
export function parseStatInto(bytes: Uint8Array, length: number, into: StatFields): boolean {
  if (length === 0 || bytes[length - 1] !== NEWLINE) return false;
  let open = 0;
  let pid = 0;
  for (; open < length; open++) {
    const byte = bytes[open]!;
    if (byte < 48 || byte > 57) break;
    pid = pid * 10 + (byte - 48);
  }
  if (open === 0 || bytes[open] !== SPACE || bytes[++open] !== OPEN) return false;
  const close = bytes.lastIndexOf(CLOSE, length - 1);
  if (close <= open || bytes[close + 1] !== SPACE || bytes[close + 3] !== SPACE) return false;
  const rssEnd = scanFields(bytes, close + 4, length);
  if (rssEnd < 0) return false;

  into.pid = pid;
  into.commStart = open + 1;
  into.commEnd = close;
  into.state = bytes[close + 2]!;
  into.ppid = values[FIELD.ppid]!;
  into.pgrp = values[FIELD.pgrp]!;
  into.session = values[FIELD.session]!;
  into.tty = values[FIELD.tty]!;
  into.tpgid = values[FIELD.tpgid]!;
  into.flags = values[FIELD.flags]!;
  into.minflt = values[FIELD.minflt]!;
  into.majflt = values[FIELD.majflt]!;
  into.utime = values[FIELD.utime]!;
  into.stime = values[FIELD.stime]!;
  into.threads = values[FIELD.threads]!;
  into.startTicks = values[FIELD.startTicks]!;
  into.vsize = values[FIELD.vsize]!;
  into.rss = values[FIELD.rss]!;
  const stackAt = skipFields(bytes, length, rssEnd, FIELD.rss, FIELD.startStack);
  const processorAt = skipFields(bytes, length, stackAt, FIELD.startStack, FIELD.processor);
  const codeAt = skipFields(bytes, length, processorAt, FIELD.processor, FIELD.exitCode);
  into.startStack = stackAt < 0 ? 0 : digitsAt(bytes, stackAt);
  into.processor = processorAt < 0 ? null : digitsAt(bytes, processorAt);
  into.exitCode = codeAt < 0 ? null : digitsAt(bytes, codeAt);
  return true;
}

const scratch = new StatFields();

/** Parses one line into a record of its own; null when it is malformed or cut. */
export function parseStat(bytes: Uint8Array): Stat | null {
  if (!parseStatInto(bytes, bytes.length, scratch)) return null;
  const { commStart, commEnd, ...fields } = scratch;
  return { ...fields, comm: new Uint8Array(bytes.subarray(commStart, commEnd)) };
}
