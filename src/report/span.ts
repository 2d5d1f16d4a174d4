/**
 * What reports are drawn from: one flat record for each process, and the frame around all of them.
 *
 * Texts and numbers only: a report out of a file, of another host or of a command that just ended
 * is made of the same. What is shown as text was redacted before.
 *
 * @module
 */

/** What a process ran; processes that ran the same may share the object. */
export interface SpanImage {
  /** comm: at most 15 bytes; null where it is not known. */
  readonly name: string | null;
  /** The command line; null where it is not known. */
  readonly argv: readonly string[] | null;
  /** Bytes of the command line that were not kept. */
  readonly argvMore: number;
  /** Path of the executable; null where it is not known. */
  readonly exe: string | null;
  /** The working directory at the last exec; null where it is not known. */
  readonly cwd: string | null;
  /** The systemd unit; null where it is in none, or that is not known. */
  readonly unit: string | null;
  /** The container; null in the same way. */
  readonly container: string | null;
}

/** What a process has cost, under the names of an account in JSON. */
export interface SpanCost {
  /** Nanoseconds of CPU time. */
  readonly user_ns: number;
  readonly system_ns: number;
  readonly minor_faults: number;
  readonly major_faults: number;
  /** The largest resident size, bytes; null where it is not known. */
  readonly peak_bytes: number | null;
  /** Bytes that storage was asked for. */
  readonly read_bytes: number;
  readonly write_bytes: number;
  readonly voluntary_switches: number;
  readonly involuntary_switches: number;
}

/** The life of one process. Times are nanoseconds since the origin of the frame. */
export interface Span {
  /** Unique: first group of the boot id, pid, start in clock ticks (BOOT-PID-START). */
  readonly id: string;
  /** Id of the process that forked it, which need not be in the report; null: not known. */
  readonly parent: string | null;
  readonly pid: number;
  /** pid of the process that forked it; null where it is not known. */
  readonly ppid: number | null;
  readonly host: string;
  /** When it was forked, or first seen: below 0 where that was before the report begins. */
  readonly start: number;
  /** Whether `start` is its fork, not the first sight of it. */
  readonly isStartKnown: boolean;
  /** Null while it lives, and where its end is not known. */
  readonly end: number | null;
  /** Wait status as of wait(2); null while it lives, and where it is not known. */
  readonly status: number | null;
  /** Real uid and the name of the user; null where they are not known. */
  readonly uid: number | null;
  readonly user: string | null;
  /** Names of the jobs it was in. */
  readonly jobs: readonly string[];
  readonly image: SpanImage;
  /** Null where it is not known. */
  readonly cost: SpanCost | null;
}

/** A stretch in which events were lost, or nobody looked. */
export interface SpanGap {
  /** Nanoseconds since the origin of the frame. */
  readonly since: number;
  readonly until: number;
  readonly reason: string;
  /** How many events; null where that is not known. */
  readonly lost: number | null;
}

/** A command whose processes are drawn. */
export interface SpanRun {
  readonly name: string;
  readonly argv: readonly string[];
  /** Exit status as shells have it: 128 + signal where it was killed. */
  readonly status: number;
  /** Id of its first process; null where that was not seen. */
  readonly root: string | null;
}

/** What the spans of a report have in common. */
export interface Frame {
  /** What it is of, for people. */
  readonly title: string;
  readonly host: string;
  /** The origin of all times: milliseconds since the Unix epoch, with a fraction. */
  readonly originMs: number;
  /** Nanoseconds from the origin to the end of what is drawn. */
  readonly lengthNs: number;
  /** Until when they were looked at, where more is drawn: what runs is not known beyond. */
  readonly seenNs?: number;
  /** CPUs of the host; null where that is not known. */
  readonly cpus: number | null;
  /** Where it was seen: `connector`, `poll`. */
  readonly source: string | null;
  /** Where accounts come from; null where there are none. */
  readonly accounts: string | null;
  readonly gaps: readonly SpanGap[];
  /** What its reader must know, each a sentence. */
  readonly notes: readonly string[];
  /** The command; null where a stretch of time is drawn. */
  readonly run: SpanRun | null;
}

/** All that a report is made of: the spans in the order of their starts. */
export interface Spans {
  readonly frame: Frame;
  readonly spans: readonly Span[];
  /** By id, what is known of the job or the tree that a process is a part of: see traces.ts. */
  readonly traces?: ReadonlyMap<string, string>;
}

/**
 * What the trace of a job is told by: when it began, nanoseconds since boot. A name comes again,
 * and is changed.
 */
export function jobTrace(bootId: string, since: number): string {
  return `job\0${bootId}\0${since}`;
}
