/**
 * A boot of the host: what process ids begin with, and how its wall clock stood.
 *
 * @module
 */
import type { BootEpoch } from "./batch.ts";

const NS_PER_MS = 1e6;

/** A boot, as processes of it know it. */
export interface BootClock {
  /**
   * First group of the boot id; empty where no boot is known. Where several hosts of an answer have
   * boots with that group, `_` and the number of this one follow.
   */
  readonly shortId: string;
  /** The host, where the answer is about several; null or not there: it is about one. */
  readonly host?: string | null;
  /** Wall-clock time of boot as it was reckoned at a time since boot; null when not known. */
  epochAt(ns: number): BootEpoch | null;
  /** Milliseconds since the Unix epoch of a time since boot; null when not known. */
  moment(ns: number): number | null;
}

/** A boot as far as it was recorded, by a store of processes. */
export interface PastBoot extends BootClock {
  /** A later boot has a larger one. */
  readonly id: number;
  /** The whole boot id. */
  readonly bootId: string;
  /** Its id as no other boot of the answer has it: copies of one host have the same. */
  readonly uniqueId: string;
  /** From when on it is recorded and still known, and until when; nanoseconds since boot. */
  readonly since: number;
  readonly until: number;
  /** Just after the last that is recorded. */
  readonly end: number;
  /** Up to when it can be asked for. */
  readonly known: number;
  /** The latest moment that its clock has shown, before it was set back, perhaps. */
  readonly latest: number;
  /** Whether a recorder is at work on it. */
  readonly reached: boolean;
  /** A recorder is at work: what it knows reaches up to a moment, and goes on. */
  reach(moment: number): void;
  /** The source of the recorder at a time since boot. */
  sourceAt(ns: number): string;
  epochAt(ns: number): BootEpoch;
  moment(ns: number): number;
  /** The time since boot of a moment: the latest of which that holds. */
  nsOf(moment: number): number;
}

/** A boot that runs: its clock may be set at any time. */
export class RunningBoot implements BootClock {
  shortId: string;
  /** Wall-clock time of boot as it is reckoned now; null when not known. */
  epoch: BootEpoch | null;

  /** `shortId` is the first group of the boot id. */
  constructor(shortId: string, epoch: BootEpoch | null = null) {
    this.shortId = shortId;
    this.epoch = epoch;
  }

  /** The time of boot, at whatever time it is asked for. */
  epochAt(_ns: number): BootEpoch | null {
    return this.epoch;
  }

  /** Milliseconds since the Unix epoch of a time since boot; null when not known. */
  moment(ns: number): number | null {
    return this.epoch === null ? null : momentOf(ns, this.epoch);
  }
}

/** The boot of a process of which none is known. */
export const NO_BOOT: BootClock = new RunningBoot("");

/** Milliseconds since the Unix epoch of a time since boot. */
export function momentOf(sinceBoot: number, { seconds, ns }: BootEpoch): number {
  return seconds * 1000 + (ns + sinceBoot) / NS_PER_MS;
}

/** Nanoseconds since boot of a moment, milliseconds since the Unix epoch. */
export function sinceBoot(moment: number, { seconds, ns }: BootEpoch): number {
  return (moment - seconds * 1000) * NS_PER_MS - ns;
}
