/**
 * What every live source is for the capture thread, and what the thread says about it.
 *
 * @module
 */
import type { AccountSource } from "../model/account.ts";
import type { BatchWriter, BootEpoch } from "../model/batch.ts";

/** Which sources there are; `auto` takes the best one the host allows. */
export type SourceName = "connector" | "poll" | "replay";

/** What the capture thread is asked to do. */
export interface CaptureOptions {
  readonly source: "auto" | "connector" | "poll";
  /** Where procfs is mounted. */
  readonly procRoot: string;
  /** Environment variables to read at exec. */
  readonly env: readonly string[];
  /** Shortest poll period in nanoseconds; null adapts to the activity. */
  readonly intervalNs: number | null;
  /** Whether the capture thread may ask for real-time scheduling. */
  readonly realtime: boolean;
  /** Bytes of a command line that are kept; not given, those of PROC_TEXT_MAX. */
  readonly maxArgv?: number | undefined;
  /** Whether accounts of what exits are wanted, where the kernel gives them. */
  readonly accounts?: boolean;
  /** Whether command lines and names are all that is wanted of an exec: half the work. */
  readonly lean?: boolean;
  /** Whether events may be told a fifth of a second late: fewer wake-ups. */
  readonly patient?: boolean;
}

/** The source in use, as a person wants to know it. */
export interface SourceInfo {
  readonly source: SourceName;
  /** Why this one, as a sentence. */
  readonly why: string;
  /** Whether it sees less than there is; where it is not given, a poll does. */
  readonly isLimited?: boolean;
  /** Where the accounts of what has exited come from; null for none. */
  readonly accounts?: AccountSource | null;
}

/** A source that feeds the capture thread. */
export interface LiveSource {
  readonly info: SourceInfo;
  /**
   * A socket that must be told IGNORE when the program dies, and the bytes that say so. It stays
   * open after close(): whoever may still send on it closes it.
   */
  readonly farewell: { readonly fd: number; readonly message: Uint8Array } | null;
  /**
   * Adds what exists now: the first look at the host. From the time that comes back on
   * (nanoseconds since boot) everything is told, or counted as lost.
   */
  snapshot(writer: BatchWriter): number;
  /** Waits for events (or the wake descriptor), then adds what came. */
  turn(writer: BatchWriter): void;
  /**
   * Waits for so many nanoseconds (or the wake descriptor) while nothing can be handed over: what
   * cannot wait, as a command line, is looked at all the same.
   */
  idle(ns: number): void;
  /** Events up to this time (nanoseconds since boot) are complete and in order. */
  readonly horizon: number;
  /**
   * Before the end: adds what has happened up to now, and what was still in doubt. Up to the time
   * that comes back (nanoseconds since boot, never before the call) everything is told.
   */
  settle(writer: BatchWriter): number;
  close(): void;
  /** What a person should know by now, once: a sentence part; null when there is nothing new. */
  takeNote?(): string | null;
}

/** A source that this host does not allow, and what can be done. */
export class SourceRefused extends Error {
  /** What to do about it, as a sentence part: "run as root". */
  readonly advice: string;

  /** `reason` is a sentence without its full stop. */
  constructor(reason: string, advice: string) {
    super(reason);
    this.name = "SourceRefused";
    this.advice = advice;
  }
}

/** Slots of the control memory that both threads share, 32 bits each. */
export const CONTROL = {
  /** 1: end the capture. */
  stop: 0,
  /** KiB of batches that were processed, modulo 2^32. */
  consumedKib: 1,
  count: 2,
} as const;

/** KiB of batches that wait for the other thread; beyond it the kernel's buffer holds the rest. */
export const UNREAD_KIB_MAX: number = 32 << 10;

/** What a batch counts for, KiB: a small one is a message all the same. */
export function kibOf(batch: ArrayBuffer): number {
  return Math.ceil(batch.byteLength / 1024);
}

/** What the capture thread is started with. */
export interface WorkerSetup {
  readonly options: CaptureOptions;
  readonly control: SharedArrayBuffer;
}

/** What the capture thread says; batches come as plain ArrayBuffers. */
export type WorkerMessage =
  | {
    readonly type: "opened";
    readonly info: SourceInfo;
    /** Wall-clock time of boot, and since when everything is told, nanoseconds since then. */
    readonly epoch: BootEpoch;
    readonly time: number;
    /** An eventfd: 8 bytes written to it end the thread's wait. */
    readonly wake: number;
    readonly farewell: LiveSource["farewell"];
  }
  | {
    /** Something that a person should know. */
    readonly type: "note";
    readonly text: string;
  }
  | {
    readonly type: "failed";
    readonly message: string;
    readonly advice: string | null;
    readonly stack: string | null;
  }
  | {
    readonly type: "closed";
    /** Up to this time everything was handed over, nanoseconds since boot. */
    readonly until: number;
  };

/** Who is told of what a capture sees. */
export interface CaptureHandlers {
  /** A batch as src/model/batch.ts reads it. */
  onBatch(batch: ArrayBuffer): void;
  /** Something that a person should know, as part of a sentence. */
  onNote?(text: string): void;
  /** The capture ended: by itself, with an error or without, or after stop(). */
  onEnd(error: Error | null): void;
}

/** A capture in progress, be it a thread or a recording. */
export interface RunningCapture {
  readonly info: SourceInfo;
  /** Wall-clock time of boot, and the time since then: from then on everything is told. */
  readonly began: { readonly epoch: BootEpoch; readonly time: number };
  /**
   * Once it has been stopped: up to this time (nanoseconds since boot) everything was handed over.
   * Not known where the last event alone says so.
   */
  readonly until?: number | null;
  /** First group of the boot id, where it is not this host's boot. */
  readonly boot?: string;
  /** Ends the capture; resolves when the last batch has been handed over. */
  stop(): Promise<void>;
}

/** Starts a capture; rejects with {@linkcode SourceRefused} where the host allows none such. */
export type StartCapture = (
  options: CaptureOptions,
  handlers: CaptureHandlers,
) => Promise<RunningCapture>;
