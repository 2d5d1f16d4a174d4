/**
 * A job that a recorder keeps: who is in it, and what it has cost so far. Pure.
 *
 * @module
 */
import { Account } from "../model/account.ts";
import type { Process } from "../model/process.ts";

/** Names and users that have a sum of their own; others can be made up without end. */
const TOTALS_MAX = 1000;
/** The name under which all others of a user are summed up. */
export const OTHER_NAMES = "(others)";
/** The user of those who have no sum of their own under that name. */
const OTHER_USERS = -1;

/** Which job it is. */
export interface JobIdentity {
  /** Its number in the history. */
  readonly id: number;
  /** Unique among the open jobs of its owner. */
  readonly name: string;
  /** uid of who has made it. */
  readonly owner: number;
  /** When it was made, nanoseconds since boot. */
  readonly since: number;
}

/** What the members of one name and user have cost. */
export class JobTotal {
  /** Name as of the end. */
  readonly comm: string;
  /** Real uid; -1 when not known. */
  readonly uid: number;
  /** Members that have ended so. */
  processes = 0;
  /** Those with a status not 0, or ended by a signal. */
  failed = 0;
  /** Their lives, one after the other. */
  elapsedNs = 0;
  /** Those whose account is known. */
  accounted = 0;
  /** Sums over those. */
  readonly account: Account = new Account();

  /** A sum of nothing. */
  constructor(comm: string, uid: number) {
    this.comm = comm;
    this.uid = uid;
  }

  /** Adds another. */
  add(other: JobTotal): void {
    this.processes += other.processes;
    this.failed += other.failed;
    this.elapsedNs += other.elapsedNs;
    this.accounted += other.accounted;
    this.account.add(other.account);
  }
}

/** A member that has ended. */
export interface LastMember {
  /** The pid that it had. */
  readonly pid: number;
  /** Wait status; null when not known. */
  readonly status: number | null;
}

/** How a member's end was counted. */
interface Ended {
  readonly total: JobTotal;
  readonly isFailed: boolean;
  readonly elapsedNs: number;
}

/** One job, from its beginning to its end. */
export class KeptJob {
  /** Changes when a history begins in which another job has that number. */
  id: number;
  /** Unique among the open jobs of its owner. */
  name: string;
  /** uid of who has made it. */
  readonly owner: number;
  /** When it was made, nanoseconds since boot. */
  readonly since: number;
  /** Null while it is open. */
  until: number | null = null;
  /** Processes that have been in it. */
  started = 0;
  /** Events that the source has lost while it was open: members among them are not known. */
  lost = 0;
  /** The member that ended last. */
  last: LastMember | null = null;
  /** Members that have not ended. */
  readonly living: Set<Process> = new Set();
  readonly #totals = new Map<string, JobTotal>();
  /** Totals that have changed and are not written. */
  readonly changed: Set<JobTotal> = new Set();
  readonly #ended = new WeakMap<Process, Ended>();
  /** Where its sums are counted among those of its owner; null where nobody counts. */
  #room: Parameters<KeptJob["countIn"]>[0] = null;

  /** A job without members. */
  constructor({ id, name, owner, since }: JobIdentity) {
    this.id = id;
    this.name = name;
    this.owner = owner;
    this.since = since;
  }

  /** Sums by name and user. */
  get totals(): Iterable<JobTotal> {
    return this.#totals.values();
  }

  /** All sums are to be written once more. */
  touch(): void {
    for (const total of this.#totals.values()) this.changed.add(total);
  }

  /** From now on its sums are counted among those of its owner; null: no longer. */
  countIn(
    room: {
      left(uid: number): number;
      charge(uid: number, amount: number): void;
      give(uid: number, amount: number): void;
    } | null,
  ): void {
    this.#room?.give(this.owner, this.#totals.size);
    this.#room = room;
    room?.charge(this.owner, this.#totals.size);
  }

  /** The sum for a name and a user; where there are too many, that of all other names. */
  total(comm: string, uid: number): JobTotal {
    const key = `${uid} ${comm}`;
    let total = this.#totals.get(key);
    if (total === undefined) {
      const isLast = comm === OTHER_NAMES && uid === OTHER_USERS;
      if (!isLast && !this.#hasRoom(comm)) {
        return this.total(OTHER_NAMES, comm === OTHER_NAMES ? OTHER_USERS : uid);
      }
      this.#room?.charge(this.owner, 1);
      total = new JobTotal(comm, uid);
      this.#totals.set(key, total);
    }
    this.changed.add(total);
    return total;
  }

  #hasRoom(comm: string): boolean {
    if (comm === OTHER_NAMES) return this.#totals.size < 2 * TOTALS_MAX;
    return this.#totals.size < TOTALS_MAX && (this.#room?.left(this.owner) ?? 1) >= 1;
  }

  /** A process is in it from now on. */
  join(process: Process): void {
    this.started++;
    this.living.add(process);
  }

  /** A member has ended. */
  end(process: Process): void {
    if (!this.living.delete(process)) return;
    const { image, uid, status, durationNs, pid } = process;
    const total = this.total(image.comm ?? "?", uid ?? -1);
    const ended = {
      total,
      isFailed: status !== null && status !== 0,
      elapsedNs: durationNs ?? 0,
    };
    count(ended, 1);
    this.#ended.set(process, ended);
    this.last = { pid, status };
    if (process.accounted) this.account(process);
  }

  /** The account of a member is known; it counts once that has ended. */
  account(process: Process): void {
    const total = this.#ended.get(process)?.total;
    if (total === undefined || process.account === null) return;
    total.accounted++;
    total.account.add(process.account);
    this.changed.add(total);
  }

  /** A member lives on after what looked like its end: an exec by another of its threads. */
  revive(process: Process): void {
    const ended = this.#ended.get(process);
    if (ended === undefined) return;
    count(ended, -1);
    this.changed.add(ended.total);
    this.#ended.delete(process);
    this.living.add(process);
  }

  /** A member has ended while nobody recorded: how, and what it has cost, is not known. */
  endUnseen(comm: string, uid: number): void {
    this.total(comm, uid).processes++;
    // It may have been the last.
    this.last = null;
  }
}

function count({ total, isFailed, elapsedNs }: Ended, by: 1 | -1): void {
  total.processes += by;
  if (isFailed) total.failed += by;
  total.elapsedNs += by * elapsedNs;
}
