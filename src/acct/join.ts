/**
 * Which accounting record is whose: by pid and time, never by pid alone.
 *
 * @module
 */
import { STEP_ROWS, type Steps } from "../steps.ts";
import type { Member } from "./job_file.ts";
import { type AcctCost, AcctTotals } from "./totals.ts";

/** How far a record's start, which has whole seconds, may be from that of its process. */
const APART_MAX_S = 1;
/** The kernel takes the start from a clock that is up to a tick behind. */
const TICK_S = 0.01;
/** A life is counted in ticks here, and began with a tick where /proc told of it. */
const LENGTH_TOLERANCE_S = 2 * TICK_S;
/**
 * Lives of one pid that begin within the same second and are told apart: no host gives a pid out
 * so often, and each record is held against all of them.
 */
const NEAR_MAX = 64;

/** A record as far as it is joined. */
export interface JoinRecord extends AcctCost {
  readonly pid: number | null;
  readonly uid: number;
  readonly startS: number;
  readonly comm: Uint8Array;
}

/** A copy of a record that fits a process, and how badly. */
interface Fit extends JoinRecord {
  distance: number;
}

/** A process of which an account is sought. */
interface Life {
  readonly startedS: number;
  /** Null while it lives, or when it is not known. */
  endedS: number | null;
  /** The record that fits best up to now. */
  fit: Fit | null;
}

/** A job: its members, and what its records sum up to. */
export interface JobAccount {
  readonly job: number;
  readonly name: string | null;
  /** Processes that the job file names, and those of them that have a record. */
  readonly members: number;
  readonly accounted: number;
  /** From the first start to the last end, in hundredths of a second. */
  readonly wallCs: number;
  readonly totals: AcctTotals;
}

/**
 * Gives each process the record that fits it best, and each record to one process only. A record
 * that a better one drives out looks for another process: so the outcome does not depend on the
 * order of the records, and one record for each process is all that is kept.
 */
export class AccountJoin {
  readonly #jobs = new Map<number, { name: string | null; lives: Map<string, Life | null> }>();
  /** Processes whose start is known, by id; null where too many are near it. */
  readonly #known = new Map<string, Life | null>();
  /** By pid, by the second of the start; in the order of starts. */
  readonly #lives = new Map<number, Map<number, Life[]>>();
  /** Records that belong to no member. */
  strangers = 0;
  /** Processes that have too many others of the same pid and second beside them. */
  crowded = 0;

  /** Takes a member of a job; a process may be in several. */
  addMember({ job, name, pid, id, startedS, endedS }: Member): void {
    const entry = this.#jobs.get(job) ?? { name, lives: new Map<string, Life | null>() };
    entry.name ??= name;
    this.#jobs.set(job, entry);
    const key = id ?? `${pid}@${startedS}`;
    const known = this.#known.get(key);
    const life = known === undefined ? this.#newLife(pid, startedS, endedS) : known;
    entry.lives.set(key, life);
    if (known === undefined && startedS !== null) this.#known.set(key, life);
    if (life !== null) life.endedS ??= endedS;
  }

  /** Null where the start is not known, or too many are near it. */
  #newLife(pid: number, startedS: number | null, endedS: number | null): Life | null {
    if (startedS === null) return null;
    const ofPid = this.#lives.get(pid) ?? new Map<number, Life[]>();
    this.#lives.set(pid, ofPid);
    const second = Math.floor(startedS);
    const near = ofPid.get(second) ?? [];
    ofPid.set(second, near);
    if (near.length >= NEAR_MAX) {
      this.crowded++;
      return null;
    }
    const life = { startedS, endedS, fit: null };
    const after = near.findIndex((other) => other.startedS > startedS);
    near.splice(after < 0 ? near.length : after, 0, life);
    return life;
  }

  /** Takes a record, and copies it where it is wanted. */
  add(record: JoinRecord): void {
    const lives = record.pid === null ? undefined : this.#lives.get(record.pid);
    let next: JoinRecord | null = record;
    while (next !== null && lives !== undefined) {
      const best = bestOf(lives, next);
      if (best === null) break;
      const driven: Fit | null = best.life.fit;
      best.life.fit = { ...copyOf(next), distance: best.distance };
      next = driven;
    }
    if (next !== null) this.strangers++;
  }

  /** The accounts of all jobs, by number; only records that pass `filter` are summed up. */
  *accounts(filter: (record: JoinRecord) => boolean): Steps<JobAccount[]> {
    const accounts: JobAccount[] = [];
    let seen = 0;
    for (const [job, { name, lives }] of [...this.#jobs].sort(([a], [b]) => a - b)) {
      const totals = new AcctTotals();
      let [first, last, accounted] = [Infinity, -Infinity, 0];
      for (const life of lives.values()) {
        if (++seen % STEP_ROWS === 0) yield;
        if (life === null || life.fit === null) continue;
        const { startedS, fit } = life;
        accounted++;
        if (!filter(fit)) continue;
        totals.add(fit);
        first = Math.min(first, startedS);
        last = Math.max(last, startedS + (fit.elapsedCs ?? 0) / 100);
      }
      const wallCs = Math.max(0, Math.round((last - first) * 100));
      accounts.push({ job, name, members: lives.size, accounted, wallCs, totals });
    }
    return accounts;
  }
}

/** The process nearest to a record, of those that have none as near; the first of several. */
function bestOf(
  lives: ReadonlyMap<number, readonly Life[]>,
  record: JoinRecord,
): { life: Life; distance: number } | null {
  let best: { life: Life; distance: number } | null = null;
  const reach = APART_MAX_S + TICK_S;
  const [first, last] = [record.startS - reach, record.startS + reach];
  for (let second = Math.floor(first); second <= last; second++) {
    for (const life of lives.get(second) ?? []) {
      if (life.startedS < first || life.startedS > last) continue;
      const distance = distanceOf(life, record);
      if (distance === null || distance >= (best?.distance ?? Infinity)) continue;
      if (life.fit === null || distance < life.fit.distance) best = { life, distance };
    }
  }
  return best;
}

/**
 * How badly a record, whose start is near, fits a process, in seconds; null when it lasted too
 * long. What is within the precision of a record is no distance: lives that it cannot tell apart
 * follow each other, as their records do.
 *
 * The kernel subtracts the whole seconds of a life from the second of its end (fill_ac() in
 * kernel/acct.c). So the start lies within a second that begins before the start that it wrote
 * down, by the broken part of that life. Where the end is known, the length of life tells more.
 */
function distanceOf(life: Life, record: JoinRecord): number | null {
  const elapsedS = record.elapsedCs === null ? null : record.elapsedCs / 100;
  const middle = record.startS + 0.5 - (elapsedS ?? 0) % 1;
  const apart = Math.max(0, Math.abs(life.startedS - middle) - 0.5);
  if (life.endedS === null || elapsedS === null) return apart;
  if (record.startS + elapsedS > life.endedS + APART_MAX_S + TICK_S) return null;
  const longer = Math.abs(life.endedS - life.startedS - elapsedS);
  return apart + Math.max(0, longer - LENGTH_TOLERANCE_S);
}

function copyOf(record: JoinRecord): JoinRecord {
  return {
    pid: record.pid,
    uid: record.uid,
    startS: record.startS,
    comm: record.comm.slice(),
    elapsedCs: record.elapsedCs,
    userCs: record.userCs,
    systemCs: record.systemCs,
    minorFaults: record.minorFaults,
    majorFaults: record.majorFaults,
    swaps: record.swaps,
    waitStatus: record.waitStatus,
  };
}
