/**
 * Jobs of a history for those that keep them elsewhere, and who was in them.
 *
 * @module
 */
import type { DatabaseSync } from "node:sqlite";
import { pragma } from "./file.ts";
import { COST_COLUMNS, NTH_SHIFT } from "./schema.ts";
import { column, nullable, TypedRows } from "./typed.ts";

/** Files from this version on have jobs. */
const JOBS_VERSION = 2;

/** A job, whatever file it stands in. */
export interface OutgoingJobKey {
  readonly bootId: string;
  /** Nanoseconds since boot. */
  readonly since: number;
  readonly owner: number;
  readonly name: string;
}

/** A row of `job`, with its sums. */
export interface OutgoingKeptJob extends OutgoingJobKey {
  /** Its number in the file. */
  readonly id: number;
  readonly boot: number;
  readonly until: number | null;
  readonly started: number;
  readonly lost: number;
  readonly lastPid: number | null;
  readonly lastStatus: number | null;
  /** comm, uid, processes, failed, elapsed_us, accounted, then the costs, of each sum. */
  readonly totals: readonly (readonly (string | number)[])[];
}

/** That a life is or was in a job. */
export interface OutgoingMember {
  /** Number of the life. */
  readonly life: number;
  /** Number of the job, and when that began. */
  readonly job: number;
  readonly jobSince: number;
  /** When it joined, nanoseconds since boot; null: by birth. */
  readonly since: number | null;
  /** When it left alive; null when it did not. */
  readonly until: number | null;
}

/** A member by name instead of by number. */
export interface OutgoingMemberLife extends OutgoingMember {
  readonly bootId: string;
  readonly pid: number;
  readonly born: number;
  readonly nth: number;
}

type JobRow = readonly [
  id: number,
  name: string,
  owner: number,
  boot: number,
  bootId: string,
  since: number,
  until: number | null,
  started: number,
  lost: number,
  lastPid: number | null,
  lastStatus: number | null,
];
type MemberRow = readonly [
  life: number,
  job: number,
  jobSince: number,
  since: number | null,
  until: number | null,
];

const MEMBER = [
  column("m.life", "key"),
  column("m.job", "key"),
  column("job.since", "time"),
  nullable("m.since", "time"),
  nullable("m.until", "time"),
];

/** Reads them. */
export class OutgoingJobs {
  readonly #any: TypedRows<readonly [number]>;
  readonly #jobs: TypedRows<JobRow>;
  readonly #find: TypedRows<readonly [number]>;
  readonly #totals: TypedRows<readonly (string | number)[]>;
  readonly #of: TypedRows<MemberRow>;
  readonly #in: TypedRows<readonly [...MemberRow, string, number, number, number]>;

  private constructor(db: DatabaseSync) {
    this.#any = new TypedRows(
      db,
      [column("count(*)", "count")],
      "FROM (SELECT 1 FROM job LIMIT 1)",
    );
    this.#jobs = new TypedRows(
      db,
      [
        column("job.id", "key"),
        column("job.name", "name"),
        column("job.owner", "uid"),
        column("job.boot", "key"),
        column("boot.boot_id", "name"),
        column("job.since", "time"),
        nullable("job.until", "time"),
        column("job.started", "count"),
        column("job.lost", "count"),
        nullable("job.last_pid", "pid"),
        nullable("job.last_status", "bits"),
      ],
      `FROM job JOIN boot ON boot.id = job.boot
        WHERE job.id > ?1 OR job.id IN (SELECT value FROM json_each(?2))
        ORDER BY job.id LIMIT ?3`,
    );
    this.#find = new TypedRows(
      db,
      [column("job.id", "key")],
      `FROM job JOIN boot ON boot.id = job.boot
        WHERE boot.boot_id = ? AND job.since = ? AND job.owner = ?
        ORDER BY job.name <> ?, job.id <> ? LIMIT 1`,
    );
    const counts = ["processes", "failed", "elapsed_us", "accounted", ...COST_COLUMNS];
    this.#totals = new TypedRows(
      db,
      [
        column("comm", "name"),
        column("uid", "uid"),
        ...counts.map((name) => column(`job_total.${name}`, "count")),
      ],
      "FROM job_total WHERE job = ?",
    );
    this.#of = new TypedRows(
      db,
      MEMBER,
      `FROM member m JOIN job ON job.id = m.job
        WHERE m.life IN (SELECT value FROM json_each(?)) ORDER BY m.life, m.job`,
    );
    this.#in = new TypedRows(
      db,
      [
        ...MEMBER,
        column("boot.boot_id", "name"),
        column("l.pid", "pid"),
        column("l.born", "time"),
        column(`l.flags >> ${NTH_SHIFT}`, "bits"),
      ],
      `FROM member m JOIN job ON job.id = m.job JOIN life l ON l.id = m.life
        JOIN boot ON boot.id = l.boot WHERE m.job = ? AND m.life > ? ORDER BY m.life LIMIT ?`,
    );
  }

  /** Those of a file that is open to be read; null where it is too old to have any. */
  static of(db: DatabaseSync): OutgoingJobs | null {
    return pragma(db, "user_version") < JOBS_VERSION ? null : new OutgoingJobs(db);
  }

  /** Jobs with numbers above `after`, `limit` of them at most, and `some` beside. */
  jobs(after: number, some: readonly number[], limit: number): OutgoingKeptJob[] {
    const rows = this.#jobs.all(after, JSON.stringify(some), limit + some.length);
    return rows.map((row) => {
      const [id, name, owner, boot, bootId, since, until, started, lost, lastPid, lastStatus] = row;
      const totals = this.#totals.all(id);
      const facts = { until, started, lost, lastPid, lastStatus, totals };
      return { id, name, owner, boot, bootId, since, ...facts };
    });
  }

  /**
   * The number of a job, which had another one in another file, perhaps; null where it is not
   * there.
   */
  find({ bootId, since, owner, name }: OutgoingJobKey, before: number): number | null {
    return this.#find.get(bootId, since, owner, name, before)?.[0] ?? null;
  }

  /** In which jobs some lives are or were, by the numbers of the lives. */
  of(lives: readonly number[]): Map<number, OutgoingMember[]> {
    if (this.#any.get()![0] === 0) return new Map();
    const found = this.#of.all(JSON.stringify(lives)).map(memberOf);
    return Map.groupBy(found, ({ life }) => life);
  }

  /** Members of a job with numbers above `after`, `limit` of them at most. */
  members(job: number, after: number, limit: number): OutgoingMemberLife[] {
    return this.#in.all(job, after, limit).map((row) => {
      const [, , , , , bootId, pid, born, nth] = row;
      return { ...memberOf(row), bootId, pid, born, nth };
    });
  }
}

function memberOf(row: readonly [...MemberRow, ...unknown[]]): OutgoingMember {
  const [life, job, jobSince, since, until] = row;
  return { life, job, jobSince, since, until };
}
