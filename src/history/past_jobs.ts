/**
 * The jobs of a history: open ones as they were written last, and those that have ended.
 *
 * @module
 */
import { type JobTotal, KeptJob, type LastMember } from "../model/kept_job.ts";
import type { Boot } from "./boots.ts";
import type { History } from "./history.ts";
import { readTotals } from "./job_log.ts";
import { brokenValue } from "./history_error.ts";
import { type Life, LIFE_COLUMNS, type LifeRow } from "./life.ts";
import { column, nullable, TypedRows } from "./typed.ts";

/** One job. */
export interface PastJob {
  readonly id: number;
  readonly name: string;
  /** uid of who has made it. */
  readonly owner: number;
  readonly boot: Boot;
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

/** A process that is or was in a job. */
export interface PastMember {
  readonly life: Life;
  /** When it joined, nanoseconds since boot; null: by birth. */
  readonly since: number | null;
  /** When it left alive; null when it did not. */
  readonly until: number | null;
}

/** Which jobs are wanted: those for which all that is given holds. */
export interface JobsWanted {
  readonly id?: number;
  readonly name?: string;
  readonly open?: boolean;
}

const JOB_COLUMNS = [
  column("job.id", "key"),
  column("job.name", "name"),
  column("job.owner", "uid"),
  column("job.boot", "key"),
  column("job.since", "time"),
  nullable("job.until", "time"),
  column("job.started", "count"),
  column("job.lost", "count"),
  nullable("job.last_pid", "pid"),
  nullable("job.last_status", "bits"),
  column(
    `iif(until IS NOT NULL, 0, (SELECT count(*) FROM member m JOIN life l ON l.id = m.life
      WHERE m.job = job.id AND m.until IS NULL AND l.span IS NULL))`,
    "count",
  ),
];

type JobRow = readonly [
  id: number,
  name: string,
  owner: number,
  boot: number,
  since: number,
  until: number | null,
  started: number,
  lost: number,
  lastPid: number | null,
  lastStatus: number | null,
  living: number,
];

/** Jobs, the latest first. */
export function readJobs(history: History, { id, name, open }: JobsWanted = {}): PastJob[] {
  if (!history.hasJobs) return [];
  const found = new TypedRows<JobRow>(
    history.db,
    JOB_COLUMNS,
    `FROM job WHERE (?1 IS NULL OR id = ?1) AND (?2 IS NULL OR name = ?2)
      AND (?3 = 0 OR until IS NULL) ORDER BY id DESC`,
  ).all(id ?? null, name ?? null, open ? 1 : 0);
  return found.map((row) => {
    const [id, name, owner, bootKey, since, until, started, lost, pid, status, living] = row;
    const identity = { id, name, owner, since };
    const job = new KeptJob(identity);
    readTotals(history.db, job);
    const boot = history.boots.find((one) => one.id === bootKey);
    if (boot === undefined) throw brokenValue("job.boot", "is no boot");
    const last = pid === null ? null : { pid, status };
    return { ...identity, boot, until, started, living, lost, last, totals: [...job.totals] };
  });
}

/** Members of a job in the order in which they were met, from after a number on. */
export function readMembers(
  history: History,
  job: number,
  after: number,
  limit: number,
): PastMember[] {
  const found = new TypedRows<LifeRow>(
    history.db,
    [...LIFE_COLUMNS, nullable("m.since", "time"), nullable("m.until", "time")],
    `FROM member m JOIN life ON life.id = m.life
      WHERE m.job = ? AND m.life > ? ORDER BY m.life LIMIT ?`,
  ).all(job, after, limit);
  return found.map((row) => ({
    life: history.lives.take(row),
    since: row.at(-2)!,
    until: row.at(-1)!,
  }));
}
