/**
 * What can be asked of a store of processes: a history in a file, or what runs now alone.
 *
 * A store answers at the grain of a question, when it can. Above it nothing is known of how it
 * keeps what it knows; what a viewer may not see is left out by who asks.
 *
 * @module
 */
import type { JobTotal, LastMember } from "../jobs/kept_job.ts";
import type { Account, AccountSource, CostTotals } from "../model/account.ts";
import type { PastBoot } from "../model/boot.ts";
import type { BootSpan, Bounds } from "../model/bounds.ts";
import type { SourceEvent } from "../model/event.ts";
import type { KeptFinding } from "../model/kept_finding.ts";
import type { PastLineage } from "../model/lineage.ts";
import type { Change, ChangeKind } from "../model/machine.ts";
import type { Process } from "../model/process.ts";

/** What any store can be asked: who runs, and who started them. */
export interface Store {
  /** What people know it by: the path of its file, or where procfs is mounted. */
  readonly place: string;
  /** The same store where it knows what has ended; else null. */
  readonly past: PastStore | null;
  /** Where its recorder has not written what happened lately; null where it is up to date. */
  readonly behind: Behind | null;
  /** It is about other hosts: what is in /proc here is none of theirs. */
  readonly isElsewhere?: true;
  /** What was recorded; where the past is not known that is nothing. */
  readonly bounds: Bounds;

  /** The living, as they were read of this host, as one family with the dead that it knows. */
  family(living: Living): Family;
  /** What is not known of stretches, one for each reason, in the order of time. */
  missing(spans: readonly BootSpan[]): Promise<Missing[]>;
  close(): void;
}

/** A store that knows what has ended, too. */
export interface PastStore extends Store {
  /** What happened within stretches, in the order of time or against it. */
  log(spans: readonly BootSpan[], query: ChangeQuery): AsyncGenerator<Logged, void>;
  /** What a capture would have told of a stretch: what lived when it began, and what happened. */
  replay(span: BootSpan): AsyncGenerator<SourceEvent, void>;
  /** What lived at some time within stretches, linked to its ancestors. */
  lived(spans: readonly BootSpan[], query: LivedQuery): Promise<PastProcess[]>;
  /** What lived at some time within stretches, a batch at a time, in no order. */
  lives(spans: readonly BootSpan[], query: LivesQuery): AsyncGenerator<readonly PastLife[], void>;
  /** How many have ended within stretches. */
  ended(spans: readonly BootSpan[]): Promise<number>;
  /** What is not known of stretches, in the order of time. */
  gaps(spans: readonly BootSpan[]): Promise<PastGap[]>;
  /** What has ended within stretches has cost. */
  costs(spans: readonly BootSpan[], query: CostQuery): Promise<KeyTotals[]>;
  /** The jobs that were open within stretches have cost. */
  jobCosts(spans: readonly BootSpan[], test: CostTest | null): Promise<JobTotals[]>;
  /** What a process that has ended has cost; null where it is not accounted. */
  accountOf(process: PastProcess): Promise<Account | null>;
  /** How often the same was started; null where it has run no program of its own. */
  came(process: PastProcess): Promise<Came | null>;
  /** On which hosts the same chain occurs; a store of one host does not tell. */
  spread?(process: PastProcess): Promise<Spread | null>;
  /** Who recorded within stretches. */
  sources(spans: readonly BootSpan[]): Promise<Sources>;
  /** Jobs, the latest first, read as they are wanted. */
  jobs(wanted: JobsWanted): AsyncGenerator<PastJob, void>;
  /** Members of a job, by its key, as they were met, behind the one with that `next`; 0: all. */
  members(job: number, after: number, limit: number): Promise<PastMember[]>;
  /** Members of an open job that live, in that order. */
  livingMembers(job: PastJob): Promise<PastProcess[]>;
  /** What recorders have found to be wrong within a stretch. */
  findings(span: BootSpan): Promise<PastFindings>;
  /** The latest run of a recorder; null when there was none. */
  lastRun(): Promise<PastRun | null>;
  /** How many processes it has, and how many of them have not ended. */
  count(): Promise<{ readonly lives: number; readonly running: number }>;
  /** Names (comm) of the newest `programs`, the newest first. */
  recentNames(programs: number): Promise<string[]>;

  /**
   * Writes what lived within stretches, with all its ancestors, into an empty file as a history of
   * its own; the number of processes comes back. `onCopied` is told how many of them are in it.
   */
  exportTo(
    file: string,
    spans: readonly BootSpan[],
    onCopied?: (count: number, whole: number) => void,
  ): Promise<number>;

  /** All answers are out of one state of it, until that is released. */
  hold(): void;
  release(): void;
  /** Tells of news. */
  news(): News;
}

/** What was found within a stretch. */
export interface PastFindings {
  readonly found: readonly PastFinding[];
  /** Parts of the stretch in which no recorder has looked. */
  readonly unwatched: readonly BootSpan[];
}

/** What a recorder has found to be wrong. */
export type PastFinding = KeptFinding<PastProcess>;

/** On which hosts the same chain occurs: the command line, below ancestors of the same names. */
export interface Spread {
  readonly names: readonly string[];
  /** How many hosts there are. */
  readonly of: number;
  /** False: of very many runs the latest were looked at, so there may be more hosts. */
  readonly isAll: boolean;
  /** Names (comm) of the ancestors, the nearest first. */
  readonly above: readonly (string | null)[];
}

/** How often the same command line was started by the same user, as far as a store remembers. */
export interface Came {
  readonly times: number;
  /** Whether it came no more often: of very many the latest are counted. */
  readonly isAll: boolean;
  /** How many of these have ended with a status that is not 0. */
  readonly failed: number;
  /** When the first of these began, milliseconds since the Unix epoch. */
  readonly since: number;
  /** Milliseconds from one to the next, where that is nearly always the same. */
  readonly everyMs: number | null;
}

/** How far what a store knows reaches, where that is not up to now. */
export interface Behind {
  readonly boot: PastBoot;
  /** Up to when everything is known, nanoseconds since boot. */
  readonly until: number;
  /** How long ago that is, nanoseconds. */
  readonly lag: number;
}

/** Waits for what is added to a store. */
export interface News {
  /**
   * The store with what has come since, after some time or when there is news; null while it
   * cannot be opened: it may be moved away, and another begun. Who gets another closes the one
   * before.
   */
  next(signal: AbortSignal): Promise<PastStore | null>;
  close(): void;
}

/** What runs on this host, as far as it was read. */
export interface Living {
  readonly processes: readonly Process[];
  /** The whole id of the boot that runs. */
  readonly bootId: string;
  /** They are of other hosts: what the store has as running is believed to run. */
  readonly isElsewhere?: true;
  /** Ancestors out of the store that are followed; as many as there may be, if not given. */
  readonly followed?: number;
  /** When what has that pid now began, clock ticks since boot; null where none has it. */
  startTicks(pid: number): number | null;
}

/** Living and dead, of which some were linked to their parents. */
export interface Family {
  /** Whether the store has something of the boot that runs. */
  readonly isOfHere: boolean;
  /** The living process with a pid; null where none was read. */
  living(pid: number): Process | null;
  /** Those that had a pid, the latest first. */
  past(pid: number): Promise<PastProcess[]>;
  /**
   * The latest that ran a program of that name; a `thorough` look finds those that are called so by
   * their file or script, and takes as long as there are programs.
   */
  lastNamed(name: string, thorough: boolean): Promise<PastProcess | null>;
  /** The one object that stands for a past process, the living one where it lives, linked. */
  of(past: PastProcess): Promise<Process>;
  /** Takes what the store knows of all the living: of zombies /proc does not show everything. */
  meet(): Promise<void>;
  /** Gives some their true parents, dead or alive, and these theirs. */
  link(some: Iterable<Process>): Promise<void>;
  /** The same for all the living. */
  linkAll(): Promise<void>;
  /** What descends from a process and has ended, up to `limit`, and what more there is. */
  deadBelow(process: Process, limit: number): Promise<DeadBelow>;
  /** What the store knows of one that was linked; null when nothing. */
  known(process: Process): PastProcess | null;
  /** From its start to its end, or on; null where the store does not know its boot. */
  spanOf(process: Process): BootSpan | null;
}

/** What has ended below a process. */
export interface DeadBelow {
  readonly dead: readonly Process[];
  /** How many more have ended below some of those, and below the living; who has none is not in. */
  readonly hidden: ReadonlyMap<Process, number>;
  /** Whether all were counted. */
  readonly isWhole: boolean;
}

/** A process as a store has it. */
export interface PastProcess extends Process {
  readonly boot: PastBoot;
  /** Nanoseconds for which it is known to have lived; Infinity while it lives. */
  readonly seenFor: number;
}

/** What happened, and in which boot; the change is the same object each time. */
export type Logged = readonly [Change, PastBoot];

/**
 * What an image must have: one of some plain texts (printable ASCII) in its command line, for which
 * its name stands where it has none, or in its name, path or command line; or one of some users.
 */
export type Sought =
  | { readonly in: "command line" | "name"; readonly literals: readonly string[] }
  | { readonly in: "user"; readonly uids: readonly number[] };

/** What of the changes is wanted. */
export interface ChangeQuery {
  readonly kinds: ReadonlySet<ChangeKind>;
  /** The latest first. */
  readonly backwards: boolean;
  /** What a change has to be, with its process as it was then. */
  readonly accepts: (change: Change) => boolean;
  /** The same of an image and the user it ran as, where that alone tells that it is none. */
  readonly ofImage: ((shown: Pick<Process, "image" | "uid">) => boolean) | null;
  /** What every image has that is wanted; null: that is not known. */
  readonly sought: Sought | null;
  /** pids: of the process itself or of one it descends from. */
  readonly pids: readonly number[] | null;
  /** Nanoseconds. */
  readonly minDuration: number | null;
  /** Only exits that failed. */
  readonly failed: boolean;
  /** What is told of descent as changes come by; null where nobody asks for it. */
  readonly lineage: PastLineage | null;
  /** There is little to look at: no index is asked first, and gaps that go on are not told. */
  readonly few: boolean;
  /** Processes are kept, with all their ancestors, to be put into a tree. */
  readonly kept: boolean;
}

/** Which processes are wanted, and how they are shown. */
export interface LivedQuery {
  /** Of those that have ended only the newest so many. */
  readonly limit: number;
  /** As they stood then, in the boot of the last stretch, nanoseconds since boot; null: at last. */
  readonly asOf: number | null;
}

/** Which lives are wanted, with all that is told of them. */
export interface LivesQuery extends Pick<ChangeQuery, "ofImage" | "sought" | "pids" | "lineage"> {
  /** What a process has to be, as it stands at last. */
  readonly accepts: (process: PastProcess) => boolean;
  /** Only members of the job with that key; null: of all. */
  readonly job: number | null;
}

/** A process with what belongs to it. */
export interface PastLife {
  /** Not linked to its parent. */
  readonly process: PastProcess;
  /** Id of the process that forked it; null where that is not known. */
  readonly parent: string | null;
  /** What it has cost; null while it runs, or where it is not accounted. */
  readonly account: Account | null;
  /** The jobs that it was in, the first of them first. */
  readonly jobs: readonly JobBegun[];
}

/** A job by its name, and when it began: nanoseconds since boot. */
export type JobBegun = Pick<PastJob, "name" | "since">;

/** A time in which something was lost, or nobody recorded. */
export interface PastGap {
  readonly boot: PastBoot;
  /** Nanoseconds since boot. */
  readonly since: number;
  readonly until: number;
  /** How many events; null when not known. */
  readonly lost: number | null;
  readonly reason: string;
}

/** The gaps of one reason that touch some stretches. */
export interface Missing {
  /** One of GAP_WORDS, or `unknown`. */
  readonly reason: string;
  /** How many gaps. */
  gaps: number;
  /** How many events; null when that is not known of one of them. */
  lost: number | null;
  /** Where the first begins and the last ends, within the stretches or beyond. */
  since: { readonly boot: PastBoot; readonly ns: number };
  until: { readonly boot: PastBoot; readonly ns: number };
  /** How much of the stretches they take, nanoseconds. */
  ns: number;
}

/** A run of a recorder. */
export interface PastRun {
  readonly boot: PastBoot;
  readonly pid: number;
  /** Nanoseconds since boot. */
  readonly since: number;
  /** When something was written last. */
  readonly seen: number;
  /** When it ended on purpose; null when it has not, or was killed. */
  readonly ended: number | null;
  readonly source: string;
  readonly why: string;
  readonly version: string;
  readonly events: number;
  readonly lost: number;
  /** It forgets what ended longer ago, milliseconds; null: it does not, or that is not known. */
  readonly keepMs: number | null;
  /** It forgets the oldest beyond so many bytes; null in the same way. */
  readonly maxBytes: number | null;
}

/** What a process is counted by; `parent` is the command of who has started it. */
export type CostKey = "command" | "parent" | "user" | "unit" | "container" | "exit";

/** Whether to count members of a job by name (comm) and real uid; null is not known. */
export type CostTest = (comm: string | null, uid: number | null) => boolean;

/** Whose descendants are counted. */
export interface CostBelow {
  /** pids: of the process itself or of one it descends from. */
  readonly pids: readonly number[];
  readonly lineage: PastLineage;
  /** What the exit of a process has to be, with all that is asked of it. */
  readonly accepts: (change: Change) => boolean;
}

/** Which processes are counted, and by what. */
export interface CostQuery {
  readonly by: CostKey;
  /** Only those with a status not 0. */
  readonly failed: boolean;
  /** Nanoseconds that they have lived at least. */
  readonly minDuration: number | null;
  /** What an image and the user that it ran as have to be; null counts all. */
  readonly ofImage: ((shown: Pick<Process, "image" | "uid">) => boolean) | null;
  /** As in a {@linkcode ChangeQuery}. */
  readonly sought: Sought | null;
  /** Null: of all. */
  readonly below: CostBelow | null;
  /** What those that live now have used, by pid; null where nobody has looked. */
  readonly living: ReadonlyMap<number, LivingUse> | null;
}

/** CPU time of a living process up to now, microseconds. */
export interface LivingUse {
  readonly startTicks: number;
  readonly userUs: number;
  readonly systemUs: number;
}

/** Sums over processes that have ended. */
export interface CostSums extends Readonly<Omit<CostTotals, "addColumns" | "addAccount">> {
  readonly processes: number;
  readonly failed: number;
  /** Of how many it is known how long they lived, and for how many microseconds together. */
  readonly timed: number;
  readonly elapsedUs: number;
  /** Of how many the account is known: what they have cost is theirs. */
  readonly accounted: number;
  /** How many go on at the end of the stretch and have used something in it: it is counted. */
  readonly living: number;
  /** Microseconds of CPU time that are reckoned: they were used between two looks. */
  readonly reckonedUs: number;
}

/** The sums for a name, a uid or a wait status; null where that is not known, or there is none. */
export interface KeyTotals {
  readonly key: string | number | null;
  readonly totals: CostSums & {
    /** Those of which nobody saw how they ended. */
    readonly unseen: number;
  };
}

/** The sums for one job. */
export interface JobTotals {
  readonly job: PastJob;
  readonly totals: CostSums;
}

/** Where accounts came from: "unknown" where an older fh has recorded, which did not note it. */
export type PastAccountSource = AccountSource | "unknown";

/** In the order of time. */
export interface Sources {
  /** What recorded, such as `connector`. */
  readonly recording: readonly string[];
  readonly accounts: readonly PastAccountSource[];
}

/** One job. */
export interface PastJob {
  /** What the store knows it by. */
  readonly key: number;
  /** Its number on its host. */
  readonly id: number;
  readonly name: string;
  /** uid of who has made it. */
  readonly owner: number;
  readonly boot: PastBoot;
  /** Nanoseconds since boot. */
  readonly since: number;
  /** Null while it is open. */
  readonly until: number | null;
  /** Processes that have been in it. */
  readonly started: number;
  /** Members that live. */
  readonly living: number;
  /** Events that the source has lost while it was open. */
  readonly lost: number;
  /** The member that ended last. */
  readonly last: LastMember | null;
  /** Sums over the members that have ended, by name and user. */
  readonly totals: readonly JobTotal[];
}

/** A process that is or was in a job, linked to its parent. */
export interface PastMember {
  readonly process: PastProcess;
  /** What it has cost; null while it runs, or where it is not accounted. */
  readonly account: Account | null;
  /** When it joined, nanoseconds since boot; null: by birth. */
  readonly since: number | null;
  /** When it left alive; null when it did not. */
  readonly until: number | null;
  readonly next: number;
}

/** Which jobs are wanted: those for which all that is given holds. */
export interface JobsWanted {
  readonly id?: number;
  readonly name?: string;
  readonly owner?: number;
  readonly open?: boolean;
  /** Those that come behind the one with that key. */
  readonly before?: number;
  /** Open at some time within it. */
  readonly within?: BootSpan;
}
