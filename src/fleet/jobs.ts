/**
 * Jobs of hosts: what they have cost, and who was in them.
 *
 * @module
 */
import type {
  CostTest,
  JobsWanted,
  JobTotals,
  PastJob,
  PastMember,
  PastProcess,
} from "../ask/store.ts";
import { addCost } from "../history/cost.ts";
import { PastTotals } from "../history/cost_groups.ts";
import type { Life } from "../history/life.ts";
import { JobTotal } from "../jobs/kept_job.ts";
import { COST_COLUMNS } from "./columns.ts";
import type { Connection } from "./connection.ts";
import type { Mirror } from "./mirror.ts";
import { idOf } from "./rows.ts";
import { Conditions, type Stretch } from "./wanted.ts";

/** Jobs that are fetched at once. */
const PAGE_JOBS = 100;
const NS_PER_US = 1000;

const JOB = `j.id, j.boot, j.number, j.name, j.owner, j.since, j.until, j.started, j.lost,
  j.last_pid, j.last_status, j.totals, CASE WHEN j.until IS NULL THEN (SELECT count(*)
    FROM fh.member m JOIN fh.life l ON l.host = m.host AND l.boot = m.boot AND l.id = m.life
    WHERE m.job = j.id AND m.until IS NULL AND l.span IS NULL) ELSE 0 END`;

/** The latest stand first. */
const BEHIND = "(j.begun, j.id) < (SELECT b.begun, b.id FROM fh.job b WHERE b.id = ?)";

type JobRow = readonly [
  key: number,
  boot: number,
  id: number,
  name: string,
  owner: number,
  since: number,
  until: number | null,
  started: number,
  lost: number,
  lastPid: number | null,
  lastStatus: number | null,
  totals: unknown,
  living: number,
];

/** Answers about the jobs of the hosts that are asked. */
export class FleetJobs {
  readonly #fleet: Connection;
  readonly #mirror: Mirror;
  /** Where the page of members ended that was told last: to find it again takes long. */
  #told = { job: NaN, count: 0, id: "" };

  constructor(fleet: Connection, mirror: Mirror) {
    this.#fleet = fleet;
    this.#mirror = mirror;
  }

  /** Jobs, the latest first, by the clocks that their boots began with. */
  async *jobs(wanted: JobsWanted): AsyncGenerator<PastJob, void> {
    const { id, name, owner, open, within } = wanted;
    const where = () => {
      const all = new Conditions().add("j.host = ANY(?)", this.#mirror.hosts);
      if (id !== undefined) all.add("j.number = ?", id);
      if (name !== undefined) all.add("j.name = ?", name);
      if (owner !== undefined) all.add("j.owner = ?", owner);
      if (open) all.add("j.until IS NULL");
      if (within !== undefined) {
        const { boot, since, until } = within;
        all.add("j.boot = ? AND j.since < ?", boot.id, Math.ceil(until));
        all.add("j.until IS NULL OR j.until >= ?", Math.floor(since));
      }
      return all;
    };
    for (let before = wanted.before;;) {
      const page = where();
      if (before !== undefined && before < Number.MAX_SAFE_INTEGER) {
        page.add(BEHIND, before);
      }
      const rows = await this.#rows("", page);
      for (const row of rows) {
        const job = this.#jobOf(row);
        if (job !== null) yield job;
      }
      if (rows.length < PAGE_JOBS) return;
      before = rows.at(-1)![0];
    }
  }

  /** The accounts of those that were open at some time within stretches, the latest first. */
  async costs(stretches: readonly Stretch[], test: CostTest | null): Promise<JobTotals[]> {
    const found: JobTotals[] = [];
    const seen = new Set<number>();
    for (let last = -1;;) {
      const page = new Conditions();
      const spans = page.bind(
        "JOIN unnest(?::int[], ?::bigint[], ?::bigint[]) w (boot, since, until) ON w.boot = j.boot",
        stretches.map(({ span }) => span.boot.id),
        stretches.map(({ span }) => Math.floor(span.since)),
        stretches.map(({ span }) => Math.ceil(Math.min(span.until, Number.MAX_SAFE_INTEGER))),
      );
      page.add("j.since < w.until AND (j.until IS NULL OR j.until >= w.since)");
      if (last >= 0) page.add(BEHIND, last);
      const rows = await this.#rows(spans, page);
      for (const row of rows) {
        const job = seen.has(row[0]) ? null : this.#jobOf(row);
        seen.add(row[0]);
        if (job === null) continue;
        const matches = ({ comm, uid }: JobTotal) => test!(comm, uid < 0 ? null : uid);
        const chosen = test === null ? job.totals : job.totals.filter(matches);
        if (test !== null && chosen.length === 0) continue;
        const totals = new PastTotals();
        for (const total of chosen) totals.addMembers(total);
        found.push({ job, totals });
      }
      if (rows.length < PAGE_JOBS) return found;
      last = rows.at(-1)![0];
    }
  }

  /** Members of a job in the order of their starts, with what they have cost; `after` so many. */
  async members(job: number, after: number, limit: number): Promise<PastMember[]> {
    const { id } = this.#told;
    const isNext = this.#told.job === job && this.#told.count === after && after > 0;
    this.#mirror.forget();
    const lives = isNext
      ? await this.#lives("m.life > $2::bigint", [job, id, limit], "LIMIT $3")
      : await this.#lives("true", [job, after, limit], "OFFSET $2 LIMIT $3");
    const last = lives.at(-1);
    if (last !== undefined) {
      const { epochTick } = this.#mirror.boots.get(last.boot.id)!;
      this.#told = { job, count: after + lives.length, id: idOf(epochTick, last) };
    }
    const its = new Map(this.#mirror.membersOf(job).map((one) => [one.life, one]));
    return lives.map((life, at) => {
      const { since, until } = its.get(life.key)!;
      this.#mirror.history.lives.withParent(life);
      const account = this.#mirror.history.accountOf(life);
      return { process: life, account, since, until, next: after + at + 1 };
    });
  }

  /** Members of an open job that live, in that order. */
  async living(job: number): Promise<PastProcess[]> {
    return await this.#lives("m.until IS NULL AND l.span IS NULL", [job]);
  }

  async #lives(
    where: string,
    parameters: Parameters<Connection["rows"]>[1],
    limit = "",
  ): Promise<Life[]> {
    const lives = await this.#mirror.load(
      `(SELECT l.* FROM fh.member m
          JOIN fh.life l ON l.host = m.host AND l.boot = m.boot AND l.id = m.life
        WHERE m.job = $1 AND ${where} ORDER BY m.life ${limit}) l ORDER BY l.id`,
      parameters,
    );
    await this.#mirror.loadMembers(lives);
    return lives;
  }

  async #rows(join: string, where: Conditions): Promise<JobRow[]> {
    return await this.#fleet.rows<JobRow>(
      `SELECT ${JOB} FROM fh.job j ${join} WHERE ${where.sql}
        ORDER BY j.begun DESC, j.id DESC LIMIT ${PAGE_JOBS}`,
      where.parameters,
    );
  }

  /** Null where nothing else is known of its boot. */
  #jobOf(row: JobRow): PastJob | null {
    const [key, bootKey, id, name, owner, since, until, started, lost, pid, status, sums, living] =
      row;
    if (!this.#mirror.boots.has(bootKey)) return null;
    const boot = this.#mirror.bootOf(bootKey);
    const last = pid === null ? null : { pid, status };
    return {
      ...{ key, id, name, owner, boot, since, until, started, living, lost, last },
      totals: (Array.isArray(sums) ? sums : []).map(totalOf),
    };
  }
}

/** What a host has said of it: of what is none the rest is 0. */
function totalOf(said: unknown): JobTotal {
  const [comm, ...values] = Array.isArray(said) ? said as unknown[] : [];
  const numbers = values.map((value) => typeof value === "number" ? value : 0);
  const sum = (at: number) => numbers[at] ?? 0;
  const total = new JobTotal(String(comm ?? "?"), sum(0));
  total.processes = sum(1);
  total.failed = sum(2);
  total.elapsedNs = sum(3) * NS_PER_US;
  total.accounted = sum(4);
  addCost(total.account, COST_COLUMNS.map((_, at) => sum(5 + at)));
  return total;
}
