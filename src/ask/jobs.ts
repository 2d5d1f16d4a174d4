/**
 * What is told of jobs, out of a history: as the fields of answers and of JSON.
 *
 * @module
 */
import { JobTotal } from "../jobs/kept_job.ts";
import type { Process } from "../model/process.ts";
import type { Users } from "../proc/passwd.ts";
import type { Refusal } from "../fault.ts";
import { accountJson } from "../text/account_json.ts";
import { argvFields } from "../text/argv_fields.ts";
import {
  endFields,
  hostFields,
  lifeFields,
  momentField,
  userFields,
} from "../text/process_fields.ts";
import { WallClock } from "../text/time.ts";
import { noJob, readJobName } from "./job_name.ts";
import { QUESTION_LIMITS } from "./limits.ts";
import type { JobsWanted, PastJob, PastMember, PastStore } from "./store.ts";
import { maySee, type Viewer } from "./viewer.ts";

/** Members in one answer. */
export const MEMBERS_MAX = 1000;

/** Jobs in one answer. */
export const JOBS_MAX = 200;

/** Jobs that are looked at for whose they are, where none of one's own has a name. */
const OTHERS = 100;
/** Nobody's uid: there is no user of a name. */
const NOBODY = -1;

/** Living members of which all is told, in one answer. */
const DETAILS = 100;

/** What is told of a job or a member, as JSON has it. */
export type Fields = Readonly<Record<string, unknown>>;

/** Answers out of a store. */
export class JobAnswers {
  readonly #store: PastStore;
  readonly #users: Users;
  readonly #asker: Viewer;
  readonly #clock = new WallClock();

  constructor(store: PastStore, users: Users, asker: Viewer) {
    this.#store = store;
    this.#users = users;
    this.#asker = asker;
  }

  /**
   * Open jobs, or all of them, the latest first, behind the one with the key `before`, and where to
   * go on; null at the end.
   */
  async list(all: boolean, before: number, limit: number): Promise<Fields> {
    const jobs: Fields[] = [];
    let last = before;
    for await (const job of this.#jobs(all ? { before } : { before, open: true })) {
      if (jobs.length >= limit) return { jobs, next: last };
      jobs.push(this.#fields(job));
      last = job.key;
    }
    return { jobs, next: null };
  }

  /** One job, with its sums by command and user. */
  async show(name: string): Promise<Fields> {
    return await this.tell(await this.find(name));
  }

  /** The same of one that was found. */
  async tell(job: PastJob): Promise<Fields> {
    const commands = sumsBy(job.totals, ({ comm }) => comm);
    const users = sumsBy(job.totals, ({ uid }) => String(uid));
    const stretch = { ...job, until: job.until ?? Number.MAX_SAFE_INTEGER };
    const { accounts } = await this.#store.sources([stretch]);
    return {
      ...this.#fields(job),
      commands: commands.map((total) => ({ command: total.comm, ...totalFields(total) })),
      users: users.map((total) => ({ ...ofUser(total.uid, this.#users), ...totalFields(total) })),
      accounts: accounts.length === 0 ? null : accounts.join(", "),
    };
  }

  /** Members of a job with numbers after `after`, and where to go on; null at the end. */
  async members(name: string, after: number, limit: number): Promise<Fields> {
    const job = await this.find(name);
    const members: Fields[] = [];
    let [last, bytes] = [after, 0];
    while (members.length < limit && bytes < QUESTION_LIMITS.memberLines) {
      const most = Math.min(limit - members.length, QUESTION_LIMITS.membersAtOnce);
      const some = await this.#store.members(job.key, last, most);
      for (const member of some) {
        members.push(this.#memberFields(job, member));
        bytes += member.process.image.parts.argv?.length ?? 0;
      }
      last = some.at(-1)?.next ?? last;
      if (some.length < most) return { members, next: null };
    }
    return { members, next: last };
  }

  /** Members that live, as far as it was written. */
  async running(name: string): Promise<Fields> {
    const job = await this.find(name);
    const living = await this.#store.livingMembers(job);
    return { job: job.id, members: runningFields(living, this.#users, this.#asker) };
  }

  /** What `wait` says of a job that has no members left. */
  async ended(name: string): Promise<Fields> {
    return lastFields(await this.find(name));
  }

  /** The job that is meant: of those of one name the open one, else the latest; throws ESRCH. */
  async find(text: string): Promise<PastJob> {
    const meant = readJobName(text, this.#asker.uid, this.#users);
    const { id, name } = meant;
    if (id !== null) return await this.#first({ id }) ?? refuse(noJob(meant));
    // Who asks a fleet is nobody of its hosts.
    const isAnyones = this.#store.isElsewhere === true && name === text;
    const own = isAnyones ? { name } : { name, owner: meant.owner ?? NOBODY };
    return await this.#first({ ...own, open: true }) ?? await this.#first(own) ??
      refuse(noJob(meant, name === text ? await this.#others(name) : [], this.#users));
  }

  async #first(wanted: JobsWanted): Promise<PastJob | null> {
    for await (const job of this.#jobs(wanted)) return job;
    return null;
  }

  /** Some of the jobs that have that name. */
  async #others(name: string): Promise<PastJob[]> {
    const some: PastJob[] = [];
    for await (const job of this.#jobs({ name })) if (some.push(job) >= OTHERS) break;
    return some;
  }

  /** Those that the asker may see. */
  async *#jobs(wanted: JobsWanted): AsyncGenerator<PastJob, void> {
    const { uid, privileged } = this.#asker;
    if (!privileged && wanted.owner !== undefined && wanted.owner !== uid) return;
    const seen = privileged ? wanted : { ...wanted, owner: uid };
    yield* this.#store.jobs(seen);
  }

  #fields(job: PastJob): Fields {
    const { id, name, owner, since, until, living, started, lost } = job;
    const all = new JobTotal("", owner);
    for (const total of job.totals) all.add(total);
    return {
      job: id,
      name,
      ...hostFields(job),
      ...ofUser(owner, this.#users),
      started: momentField(job, since, this.#clock),
      ended: momentField(job, until, this.#clock),
      running: living,
      members: started,
      lost,
      ...totalFields(all),
    };
  }

  #memberFields(job: PastJob, { process, account, since, until }: PastMember): Fields {
    const { image, pid, ppid, uid } = process;
    const { state: _, ...life } = lifeFields(process, this.#clock);
    return {
      job: job.id,
      name: job.name,
      ...hostFields(job),
      pid,
      id: process.id,
      ppid,
      ...userFields(uid, this.#users),
      comm: image.comm,
      ...maySee(this.#asker, uid) ? argvFields(image) : { argv: null },
      ...life,
      running: process.alive,
      joined: momentField(job, since, this.#clock),
      left: momentField(job, until, this.#clock),
      ...accountJson(account),
    };
  }
}

/** Below 0: not known. */
function ofUser(uid: number, users: Users): Fields {
  return { ...userFields(uid < 0 ? null : uid, users) };
}

/** Members that live: of the newest also what they run. */
export function runningFields(
  living: Iterable<Process>,
  users: Users,
  asker: Viewer,
): Fields[] {
  const all = [...living];
  return all.map(({ pid, startTicks, uid, image }, index) => {
    const identity = { pid, start_ticks: startTicks };
    if (index < all.length - DETAILS) return identity;
    return {
      ...identity,
      ...userFields(uid, users),
      comm: image.comm,
      ...maySee(asker, uid) ? argvFields(image) : { argv: null },
    };
  });
}

/** How the member that ended last has ended. */
export function lastFields({ id, name, last, until }: {
  readonly id: number;
  readonly name: string;
  readonly last: PastJob["last"];
  readonly until: number | null;
}): Fields {
  return {
    job: id,
    name,
    open: until === null,
    pid: last?.pid ?? null,
    ...endFields(last?.status ?? null),
  };
}

function refuse(refusal: Refusal): never {
  throw refusal;
}

function totalFields({ processes, failed, elapsedNs, accounted, account }: JobTotal): Fields {
  return {
    processes,
    failed,
    accounted,
    elapsed_ns: Math.round(elapsedNs),
    ...accountJson(accounted === 0 ? null : account),
  };
}

/** Sums by a key, the one that took most CPU time first, or most time where that is not known. */
function sumsBy(totals: readonly JobTotal[], keyOf: (total: JobTotal) => string): JobTotal[] {
  const sums = new Map<string, JobTotal>();
  for (const total of totals) {
    const key = keyOf(total);
    const sum = sums.get(key) ?? new JobTotal(total.comm, total.uid);
    sum.add(total);
    sums.set(key, sum);
  }
  return [...sums.values()].sort((a, b) =>
    b.account.cpuNs - a.account.cpuNs || b.elapsedNs - a.elapsedNs || b.processes - a.processes
  );
}
