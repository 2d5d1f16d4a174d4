/**
 * Where a host's history is shipped to: what a sink is told, and what it answers for.
 *
 * @module
 */
import { CommandError } from "../fault.ts";
import type {
  OutgoingBoot,
  OutgoingFinding,
  OutgoingFormer,
  OutgoingImage,
  OutgoingJob,
  OutgoingKey,
  OutgoingLife,
} from "../history/outgoing.ts";

import type { KnownJob, ShippedJobs } from "./jobs.ts";

/** Who ships. */
export interface ShippingHost {
  /** What the machine is told apart by: a uuid. */
  readonly machine: string;
  readonly name: string;
  readonly version: string;
}

/** A life, as it is known again: no two of a pid begin at the same nanosecond. */
export type Who = Omit<OutgoingKey, "nth">;

/** Up to where a history was shipped. */
export interface Cursor {
  /** Number of the last life, and who that is: a file that was made anew has another there. */
  readonly last: number;
  readonly boot_id: string;
  readonly pid: number;
  readonly born: number;
  /** Number of the last gap. */
  readonly gap: number;
  /** Number of the latest run of a recorder then, and when that began: who it is, too. */
  readonly run?: number;
  readonly run_since?: number;
  /**
   * Up to when it was known what has become of all lives before: in which boot, nanoseconds since
   * it. What ran then may have come to pass a filter since.
   */
  readonly seen_boot?: string;
  readonly seen?: number;
}

/** What a sink has acknowledged in earlier sessions. */
export interface Acknowledged {
  /** The name under which it knows the host. */
  readonly name: string;
  /** Null: nothing yet. */
  readonly cursor: Cursor | null;
  /** Lives up to the cursor that are to be told of again: they ran then. */
  readonly open: readonly Who[];
}

/** A life that the sink has as open, and whose start another file of its host knows otherwise. */
export interface Renamed {
  readonly who: Who;
  /** As the history has it now. */
  readonly born: number;
  readonly nth: number;
}

/**
 * Which lives a sink takes: all, and those again that have changed, where it can put the new in the
 * place of the old; or each once, when it has ended and all is known of it.
 */
export type Taking = "states" | "ends";

/** Somewhere that a history is shipped to; whoever opened it closes it. */
export interface Sink {
  /** Where it is, for messages. */
  readonly shown: string;
  readonly taking: Taking;
  /** Where to go on. Throws CommandError. */
  acknowledged(): Promise<Acknowledged>;
  /** Jobs that may change still, and the newest; who does not tell is told of none. */
  knownJobs?(): Promise<readonly KnownJob[]>;
  /**
   * Takes what comes next. When it resolves, the sink answers for all of it, and for the cursor,
   * but for so many records that it has refused for good, and that were told. Throws
   * {@linkcode SinkAway} where another try may do better, else CommandError; then all of it is sent
   * again in another session, from where the sink says.
   */
  append(parcel: Parcel): Promise<number>;
  close(): Promise<void>;
}

/** An error that another try may not have: the connection, or what takes it, is gone or full. */
export class SinkAway extends CommandError {}

/** A stretch of which something is missing: a gap of the history, or one on the way to a sink. */
export interface ShippedGap {
  /** Number of the boot in the history. */
  readonly boot: number;
  /** Nanoseconds since boot. */
  readonly since: number;
  readonly until: number;
  /** How many events, or lives; null where that is not known. */
  readonly lost: number | null;
  /** One of GAP_WORDS. */
  readonly reason: string;
}

/** A boot that anything in a parcel is of, and what of it was not told in this session before. */
export interface ShippedBoot {
  readonly boot: OutgoingBoot;
  readonly clock: OutgoingBoot["clock"];
  readonly runs: OutgoingBoot["runs"];
  readonly gaps: readonly ShippedGap[];
}

/** What is shipped at once: plain data, all of one moment of the history. */
export interface Parcel {
  /** Where to go on when all of it is acknowledged. */
  readonly cursor: Cursor;
  /** For a sink that takes ends: what is to be told of later, up to the cursor. */
  readonly open: readonly Who[];
  readonly lives: readonly OutgoingLife[];
  /** What the lives ran before. */
  readonly formers: readonly OutgoingFormer[];
  /** Images of lives and formers by their numbers, without what is not to leave the host. */
  readonly images: ReadonlyMap<number, OutgoingImage>;
  /** For a sink that takes ends: the jobs of lives and of their parents, by their numbers. */
  readonly jobs: ReadonlyMap<number, readonly OutgoingJob[]>;
  readonly boots: readonly ShippedBoot[];
  readonly findings: readonly OutgoingFinding[];
  /** For a sink that says which jobs it knows: what is new of them; null: none are shipped. */
  readonly jobNews: ShippedJobs | null;
  /** Lives that the sink has as running, and the history has not any more. */
  readonly gone: readonly Who[];
  /** Lives that the sink has by another start than the history. */
  readonly renamed: readonly Renamed[];
  /** Up to when all is shipped with it, microseconds since the Unix epoch; null: nothing is. */
  readonly reach: string | null;
  /** Lives that wait for the next parcels. */
  readonly waiting: number;
  /** Lives that the host had forgotten before they were shipped. */
  readonly forgotten: number;
}
