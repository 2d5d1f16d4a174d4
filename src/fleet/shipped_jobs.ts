/**
 * Ships the jobs of a host beside its lives: those that are new or have changed, and who was in
 * them.
 *
 * @module
 */
import type { OutgoingLife } from "../history/outgoing.ts";
import type { OutgoingJob, OutgoingJobs, OutgoingMember } from "../history/outgoing_jobs.ts";
import type { Connection } from "./connection.ts";

/** Jobs that are new, and members, of one statement. */
const JOBS_AT_ONCE = 200;
const MEMBERS_AT_ONCE = 5000;
/** So long after the end of a job (ns) accounts of its members have come. */
const SETTLED_NS = 30e9;

/** A job as the fleet names it. */
interface JobName {
  readonly number: number;
  readonly boot_id: string;
  readonly since: number;
}

type Hello = readonly (JobName & {
  readonly owner: number;
  readonly name: string;
  readonly open: boolean;
})[];

/** What a round is about to tell of jobs. */
export interface TakenJobs {
  /** Those that are there of what was looked for. */
  readonly looked: readonly OutgoingJob[];
  /** Of them, those that are new or have changed. */
  readonly jobs: readonly OutgoingJob[];
  /** Of them, those that the fleet has not: everybody who was in them is told of. */
  readonly fresh: readonly OutgoingJob[];
  readonly members: readonly Readonly<Record<string, string | number | null>>[];
  /** Whether others wait for the next round. */
  readonly more: boolean;
}

/** What one session with a fleet knows of jobs. */
export class ShippedJobs {
  readonly #source: OutgoingJobs;
  readonly #db: Connection;
  readonly #machine: string;
  /** Number of the last job that the fleet has. */
  #last = 0;
  /** Those that may change still, by their numbers, as they were told. */
  readonly #watched = new Map<number, string>();
  #gone: JobName[] = [];
  #renumbered: (JobName & { readonly before: number })[] = [];

  private constructor(source: OutgoingJobs, db: Connection, machine: string, hello: Hello) {
    this.#source = source;
    this.#db = db;
    this.#machine = machine;
    for (const { number, boot_id, since, owner, name, open } of hello) {
      const key = source.find({ bootId: boot_id, since, owner, name }, number);
      if (key === null) {
        if (open) this.#gone.push({ number, boot_id, since });
        continue;
      }
      if (key !== number) this.#renumbered.push({ number: key, before: number, boot_id, since });
      this.#last = Math.max(this.#last, key);
      this.#watched.set(key, "");
    }
    // The file is another: what of it the fleet has is not told by a number.
    if (this.#gone.length + this.#renumbered.length > 0) this.#last = 0;
  }

  /** Asks the fleet which jobs of this host it has; null where the file has none. */
  static async begin(
    source: OutgoingJobs | null,
    db: Connection,
    machine: string,
  ): Promise<ShippedJobs | null> {
    if (source === null) return null;
    const [row] = await db.rows<[Hello]>("SELECT fh.hello_jobs($1)", [machine]);
    return new ShippedJobs(source, db, machine, row![0]);
  }

  /** What there is to tell beside some lives. */
  take(lives: readonly OutgoingLife[]): TakenJobs {
    const some = this.#source.jobs(this.#last, [...this.#watched.keys()], JOBS_AT_ONCE);
    const fresh = some.filter(({ id }) => id > this.#last);
    const jobs = some.filter((job) => this.#watched.get(job.id) !== signatureOf(job));
    const members = lives.flatMap((life) => life.members.map((one) => memberFields(one, life)));
    return { looked: some, jobs, fresh, members, more: fresh.length === JOBS_AT_ONCE };
  }

  /** Tells it, in the transaction of the lives. */
  async send({ jobs, fresh, members }: TakenJobs): Promise<void> {
    const [gone, renumbered] = [this.#gone, this.#renumbered];
    if (jobs.length + gone.length + renumbered.length > 0) {
      await this.#put({ gone, renumbered, jobs: jobs.map(jobFields) });
    }
    for (let at = 0; at < members.length; at += MEMBERS_AT_ONCE) {
      await this.#put({ members: members.slice(at, at + MEMBERS_AT_ONCE) });
    }
    for (const { id } of fresh) {
      for (let after = 0;;) {
        const some = this.#source.members(id, after, MEMBERS_AT_ONCE);
        if (some.length > 0) {
          await this.#put({ members: some.map((one) => memberFields(one, one)) });
        }
        if (some.length < MEMBERS_AT_ONCE) break;
        after = some.at(-1)!.life;
      }
    }
  }

  /** The transaction is through; `reach` is up to when the file is written, in which boot. */
  sent(
    { looked, fresh }: TakenJobs,
    reach: { readonly boot: number; readonly ns: number } | null,
  ): void {
    this.#gone = [];
    this.#renumbered = [];
    this.#last = Math.max(this.#last, fresh.at(-1)?.id ?? 0);
    this.#watched.clear();
    for (const job of looked) {
      const { id, boot, until } = job;
      const isSettled = until !== null &&
        (reach === null || boot !== reach.boot || until < reach.ns - SETTLED_NS);
      if (!isSettled) this.#watched.set(id, signatureOf(job));
    }
  }

  async #put(facts: Readonly<Record<string, unknown>>): Promise<void> {
    const all = { machine: this.#machine, gone: [], renumbered: [], jobs: [], members: [] };
    await this.#db.rows("SELECT fh.put_jobs($1)", [JSON.stringify({ ...all, ...facts })]);
  }
}

/** Everything of a job that may change. */
function signatureOf({ name, until, started, lost, lastPid, totals }: OutgoingJob): string {
  return JSON.stringify([name, until, started, lost, lastPid, totals]);
}

function jobFields(job: OutgoingJob): Readonly<Record<string, unknown>> {
  const { id, bootId, name, owner, since, until, started, lost, lastPid, lastStatus } = job;
  const totals = job.totals.map(([comm, ...rest]) => [asText(String(comm)), ...rest]);
  return {
    ...{ number: id, boot_id: bootId, name: asText(name), owner, since, until, started, lost },
    ...{ last_pid: lastPid, last_status: lastStatus, totals },
  };
}

function memberFields(
  { job, jobSince, since, until }: OutgoingMember,
  { bootId, pid, born, nth }: Pick<OutgoingLife, "bootId" | "pid" | "born" | "nth">,
): Readonly<Record<string, string | number | null>> {
  return { boot_id: bootId, pid, born, nth, number: job, begun: jobSince, since, until };
}

/** What PostgreSQL takes for a text. */
function asText(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\ufffd");
}
