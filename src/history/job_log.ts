/**
 * From jobs to rows: which there are, who is in them, what they have cost, and their rules.
 *
 * @module
 */
import type { KeptRule } from "../jobs/job_rules.ts";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { JobListener, Jobs, LeftMember } from "../jobs/jobs.ts";
import { type JobTotal, KeptJob } from "../jobs/kept_job.ts";
import type { Process } from "../model/process.ts";
import type { Companion } from "./companion.ts";
import { addCost, costColumns } from "./cost.ts";
import type { WritableHistory } from "./file.ts";
import { JOBS_PART, type Ledger, ROW_BYTES } from "./ledger.ts";
import { COST_COLUMNS } from "./schema.ts";
import { inTransaction } from "./transaction.ts";
import { column, TypedRows } from "./typed.ts";

/** Memberships that wait for room on the disk; what comes beyond is dropped with its lives. */
const WAITING_MAX = 100_000;

/** A process joined a job, or left it. */
interface Move {
  readonly job: KeptJob;
  readonly process: Process;
  readonly since: number | null;
  readonly until: number | null;
}

/** Writes the jobs of one recorder into one history. */
export class JobLog implements JobListener, Companion {
  readonly #db: DatabaseSync;
  readonly #ledger: Ledger;
  readonly #statements: Statements;
  /** What has a row already: it is charged to the owner once. */
  readonly #stored = new WeakSet<KeptJob | JobTotal>();
  /** What has one once the transaction is through. */
  #fresh: (KeptJob | JobTotal)[] = [];
  readonly #rules = new Map<number, KeptRule>();
  readonly #jobs = new Set<KeptJob>();
  #moves: Move[] = [];
  #boot = 0;

  constructor({ db, ledger }: Pick<WritableHistory, "db" | "ledger">) {
    this.#db = db;
    this.#ledger = ledger;
    this.#statements = prepare(db);
    for (const row of db.prepare("SELECT * FROM job_rule ORDER BY id").all()) {
      const rule: KeptRule = {
        id: Number(row["id"]),
        job: String(row["job"]),
        owner: Number(row["owner"]),
        filter: String(row["filter"]),
        created: Number(row["created"]),
      };
      this.#rules.set(rule.id, rule);
    }
  }

  /** Whether anything waits to be written. */
  get dirty(): boolean {
    return this.#jobs.size > 0 || this.#moves.length > 0;
  }

  /** All rules, in their order. */
  get rules(): Iterable<KeptRule> {
    return this.#rules.values();
  }

  /** Gives the open jobs of an earlier run on this boot back, and ends those of other boots. */
  restore(jobs: Jobs, bootId: string): void {
    const db = this.#db;
    this.#boot = this.#findBoot(bootId);
    db.prepare(
      `UPDATE job SET until =
        max(since, coalesce((SELECT max(seen) FROM run WHERE run.boot = job.boot), since))
        WHERE until IS NULL AND boot <> ?`,
    ).run(this.#boot);
    const last = (table: string) =>
      Number(db.prepare(`SELECT max(id) AS id FROM ${table}`).get()!["id"] ?? 0);
    jobs.reserve(last("job"), last("life"));
    const open = db.prepare(
      `SELECT id, name, owner, CAST(since AS REAL) AS since, started, lost, last_pid, last_status
        FROM job WHERE until IS NULL ORDER BY id`,
    ).all();
    const totals = new TotalsReader(db);
    for (const row of open) {
      const job = new KeptJob({
        id: Number(row["id"]),
        name: String(row["name"]),
        owner: Number(row["owner"]),
        since: Number(row["since"]),
      });
      job.started = Number(row["started"]);
      job.lost = Number(row["lost"]);
      if (row["last_pid"] !== null) {
        const status = row["last_status"] === null ? null : Number(row["last_status"]);
        job.last = { pid: Number(row["last_pid"]), status };
      }
      totals.addTo(job);
      this.#keepAsStored(job);
      job.changed.clear();
      jobs.restore(job, livingMembers(db, job.id));
    }
  }

  /** Goes on in a new history with jobs and rules that another one had. */
  takeOver(jobs: Jobs, rules: Iterable<KeptRule>, bootId: string): void {
    this.#boot = this.#findBoot(bootId);
    const db = this.#db;
    const find = db.prepare("SELECT id FROM job WHERE boot = ? AND since = ? AND owner = ?");
    let last = Number(db.prepare("SELECT max(id) AS id FROM job").get()!["id"] ?? 0);
    for (const job of jobs.open) {
      const known = find.get(this.#boot, Math.round(job.since), job.owner);
      job.id = known === undefined ? ++last : Number(known["id"]);
      job.touch();
      this.#jobs.add(job);
      // The same file opened again has them, and since when.
      if (known !== undefined) {
        this.#keepAsStored(job);
        continue;
      }
      for (const process of job.living) this.onMember(job, process, null);
    }
    jobs.reserve(last, 0);
    for (const rule of rules) {
      if (!this.#rules.has(rule.id)) this.#keep(rule);
    }
  }

  /** Keeps a rule; its number comes back. */
  addRule(rule: Omit<KeptRule, "id">): KeptRule {
    const kept = { ...rule, id: Math.max(0, ...this.#rules.keys()) + 1 };
    this.#keep(kept);
    return kept;
  }

  /** Forgets a rule. */
  removeRule(id: number): void {
    inTransaction(this.#db, () => this.#statements.removeRule.run(id));
    this.#rules.delete(id);
  }

  onJob(job: KeptJob): void {
    this.#jobs.add(job);
  }

  onMember(job: KeptJob, process: Process, since: number | null): void {
    this.#move({ job, process, since, until: null });
  }

  onLeave(job: KeptJob, process: Process, until: number): void {
    this.#move({ job, process, since: null, until });
  }

  onEmpty(): void {}

  write(): void {
    const { putJob, putTotal, putMember, endMember } = this.#statements;
    this.#fresh = [];
    for (const job of this.#jobs) {
      const { id, name, owner, since, until, started, lost, last } = job;
      const ended = until === null ? null : Math.round(until);
      const facts = [ended, started, lost, last?.pid ?? null, last?.status ?? null];
      putJob.run(id, name, owner, this.#boot, Math.round(since), ...facts);
      this.#charge(job, owner, ROW_BYTES.job);
      for (const total of job.changed) {
        const { comm, uid, processes, failed, elapsedNs, accounted, account } = total;
        this.#charge(total, owner, ROW_BYTES.jobTotal);
        const counts = [processes, failed, Math.round(elapsedNs / 1000), accounted];
        putTotal.run(id, comm, uid, ...counts, ...costColumns(account));
      }
    }
    for (const { job, process: { key }, since, until } of this.#moves) {
      // A life that found no room has no row.
      if (key <= 0) continue;
      if (until !== null) endMember.run(Math.round(until), job.id, key);
      else {
        putMember.run(job.id, key, since === null ? null : Math.round(since));
        this.#ledger.charge(JOBS_PART, job.owner, ROW_BYTES.member);
      }
    }
  }

  #keepAsStored(job: KeptJob): void {
    this.#stored.add(job);
    for (const total of job.totals) this.#stored.add(total);
  }

  #charge(row: KeptJob | JobTotal, owner: number, bytes: number): void {
    if (this.#stored.has(row)) return;
    this.#ledger.charge(JOBS_PART, owner, bytes);
    this.#fresh.push(row);
  }

  committed(): void {
    for (const job of this.#jobs) job.changed.clear();
    for (const row of this.#fresh) this.#stored.add(row);
    this.#fresh = [];
    this.#jobs.clear();
    this.#moves = [];
  }

  #move(move: Move): void {
    if (this.#moves.length >= WAITING_MAX) this.#moves = [];
    this.#moves.push(move);
    this.#jobs.add(move.job);
  }

  #keep(rule: KeptRule): void {
    const { id, job, owner, filter, created } = rule;
    inTransaction(this.#db, () => {
      this.#statements.addRule.run(id, job, owner, filter, created);
    });
    this.#rules.set(id, rule);
  }

  #findBoot(bootId: string): number {
    return Number(this.#db.prepare("SELECT id FROM boot WHERE boot_id = ?").get(bootId)!["id"]);
  }
}

type TotalRow = readonly [string, number, ...number[]];

/** Reads what members of jobs have cost, as it is in a file. */
export class TotalsReader {
  readonly #rows: TypedRows<TotalRow>;

  constructor(db: DatabaseSync) {
    const counts = ["processes", "failed", "elapsed_us", "accounted", ...COST_COLUMNS];
    this.#rows = new TypedRows<TotalRow>(
      db,
      [
        column("job_total.comm", "name"),
        column("job_total.uid", "uid"),
        ...counts.map((name) => column(`job_total.${name}`, "count")),
      ],
      "FROM job_total WHERE job = ?",
    );
  }

  /** Adds it to a job. */
  addTo(job: KeptJob): void {
    for (const row of this.#rows.all(job.id)) {
      const [comm, uid, processes, failed, elapsedUs, accounted, ...costs] = row;
      const total = job.total(comm, uid);
      total.processes = processes!;
      total.failed = failed!;
      total.elapsedNs = elapsedUs! * 1000;
      total.accounted = accounted!;
      addCost(total.account, costs);
    }
  }
}

function livingMembers(db: DatabaseSync, job: number): Map<number, Omit<LeftMember, "job">> {
  const rows = db.prepare(
    `SELECT m.life, t.value AS comm, i.uid FROM member m JOIN life l ON l.id = m.life
      LEFT JOIN image i ON i.id = l.image LEFT JOIN text t ON t.id = i.comm
      WHERE m.job = ? AND m.until IS NULL AND l.span IS NULL`,
  ).all(job);
  return new Map(rows.map(({ life, comm, uid }) => [Number(life), {
    comm: typeof comm === "string" ? comm : "?",
    uid: uid === null ? -1 : Number(uid),
  }]));
}

interface Statements {
  readonly putJob: StatementSync;
  readonly putTotal: StatementSync;
  readonly putMember: StatementSync;
  readonly endMember: StatementSync;
  readonly addRule: StatementSync;
  readonly removeRule: StatementSync;
}

function prepare(db: DatabaseSync): Statements {
  const marks = (count: number) => new Array(count).fill("?").join(", ");
  return {
    putJob: db.prepare(`INSERT OR REPLACE INTO job VALUES (${marks(10)})`),
    putTotal: db.prepare(
      `INSERT OR REPLACE INTO job_total VALUES (${marks(7 + COST_COLUMNS.length)})`,
    ),
    putMember: db.prepare("INSERT OR REPLACE INTO member VALUES (?, ?, ?, NULL)"),
    endMember: db.prepare("UPDATE member SET until = ? WHERE job = ? AND life = ?"),
    addRule: db.prepare("INSERT INTO job_rule VALUES (?, ?, ?, ?, ?)"),
    removeRule: db.prepare("DELETE FROM job_rule WHERE id = ?"),
  };
}
