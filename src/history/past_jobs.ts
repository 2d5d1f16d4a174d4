/**
 * The jobs of a history: open ones as they were written last, and those that have ended.
 *
 * @module
 */
import type { JobsWanted, PastJob } from "../ask/store.ts";
import { KeptJob } from "../jobs/kept_job.ts";
import type { History } from "./history.ts";
import { TotalsReader } from "./job_log.ts";
import { type Life, LIFE_COLUMNS, type LifeRow } from "./life.ts";
import { column, nullable, TypedRows } from "./typed.ts";

/** A life that is or was in a job. */
export interface MemberRow {
  readonly life: Life;
  /** When it joined, nanoseconds since boot; null: by birth. */
  readonly since: number | null;
  /** When it left alive; null when it did not. */
  readonly until: number | null;
}

/** Jobs that are read at once. */
const PAGE_JOBS = 100;

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
export function readJobs(history: History, wanted: JobsWanted = {}): PastJob[] {
  const jobs: PastJob[] = [];
  for (const job of jobSteps(history, wanted)) if (job !== null) jobs.push(job);
  return jobs;
}

/** {@linkcode readJobs} one by one, read as they are wanted; null stands where work may pause. */
export function* jobSteps(
  history: History,
  { id, name, owner, open, before, within }: JobsWanted,
): Generator<PastJob | null, void> {
  if (!history.hasJobs) return;
  const rows = new TypedRows<JobRow>(
    history.db,
    JOB_COLUMNS,
    `FROM job WHERE id < ?1 AND (?2 IS NULL OR id = ?2)${name === undefined ? "" : " AND name = ?3"}
      AND (?3 IS NULL OR name = ?3) AND (?4 IS NULL OR owner = ?4) AND (?5 = 0 OR until IS NULL)
      AND (?6 IS NULL OR boot = ?6 AND since < ?8 AND (until IS NULL OR until >= ?7))
      ORDER BY id DESC LIMIT ${PAGE_JOBS}`,
  );
  const asked = [id ?? null, name ?? null, owner ?? null, open ? 1 : 0, within?.boot.id ?? null];
  const [since, until] = [within?.since ?? null, within?.until ?? null];
  const totals = new TotalsReader(history.db);
  for (let last = before ?? Number.MAX_SAFE_INTEGER;;) {
    const found = rows.all(last, ...asked, since, until);
    for (const row of found) yield jobOf(history, row, totals);
    yield null;
    if (found.length < PAGE_JOBS) return;
    last = found.at(-1)![0];
  }
}

function jobOf(history: History, row: JobRow, totals: TotalsReader): PastJob {
  const [id, name, owner, bootKey, since, until, started, lost, pid, status, living] = row;
  const identity = { id, name, owner, since };
  const job = new KeptJob(identity);
  totals.addTo(job);
  const boot = history.bootOf(bootKey, "job.boot");
  const last = pid === null ? null : { pid, status };
  return {
    key: id,
    ...identity,
    boot,
    until,
    started,
    living,
    lost,
    last,
    totals: [...job.totals],
  };
}

/** Members of a job in the order in which they were met, from after a number on. */
export function readMembers(
  history: History,
  job: number,
  after: number,
  limit: number,
): MemberRow[] {
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
