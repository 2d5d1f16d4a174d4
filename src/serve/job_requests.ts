/**
 * Requests about jobs: what a peer asks of a recorder, and whether they may.
 *
 * @module
 */
import { isMeant, noJob, readJobName } from "../ask/job_name.ts";
import { type JobAnswers, JOBS_MAX, lastFields, MEMBERS_MAX, runningFields } from "../ask/jobs.ts";
import { maySee } from "../ask/viewer.ts";
import type { KeptRule } from "../jobs/job_rules.ts";
import { governs, type JobRule } from "../jobs/job_rules.ts";
import { JOB_LIMITS, type JobListener, type Jobs, withDescendants } from "../jobs/jobs.ts";
import type { KeptJob } from "../jobs/kept_job.ts";
import type { Process } from "../model/process.ts";
import { Shares } from "../model/shares.ts";
import type { Users } from "../proc/passwd.ts";
import { storedFilter } from "./filter.ts";
import { RULE_LIMITS } from "./limits.ts";
import { Refusal } from "../fault.ts";
import {
  bad,
  checkNames,
  type Done,
  type Fields,
  type Operation,
  type Peer,
  readFlag,
  readWhole,
  type Request,
  slow,
} from "./protocol.ts";

const NAME = /^[\p{L}\p{N}_][\p{L}\p{N}_.:@+-]{0,63}$/u;
const PID_MAX = 4_194_304;
const PIDS_MAX = 1000;
/** A process that was forked just now is not known before the source has told of it. */
const FIND_MS = 1000;
const FIND_EVERY_MS = 10;
/** What the requests are done with. */
export interface JobHost {
  readonly jobs: Jobs;
  readonly users: Users;
  /** Nanoseconds since boot. */
  now(): number;
  /** Milliseconds since the Unix epoch. */
  wallClock(): number;
  find(pid: number): Process | undefined;
  processes(): Iterable<Process>;
  /** Whether /proc has a process with that pid now; it may be one that is not known yet. */
  exists(pid: number): boolean;
  rules(): Iterable<KeptRule>;
  /** Keeps a rule, which then is one of {@linkcode JobHost.rules}; throws when it cannot. */
  keepRule(rule: Omit<KeptRule, "id">): JobRule;
  /** Forgets a rule. */
  dropRule(id: number): void;
  /** Writes what waits: what was answered to be done is not undone by a kill -9. */
  write(): void;
  /** Whether the history takes nothing at the moment: the disk is full. */
  failing(): boolean;
  /** Asks what is in the history by now, on behalf of a peer. */
  ask<T>(peer: Peer, question: (answers: JobAnswers) => Promise<T>): Promise<T>;
}

/** Somebody waits for a job to become empty. */
interface Waiter {
  readonly client: number;
  resolve(fields: Fields): void;
}

/** Does what is asked about jobs. */
export class JobRequests implements Pick<JobListener, "onEmpty"> {
  readonly operations: Readonly<Record<string, Operation>>;
  readonly #host: JobHost;
  readonly #waiters = new Map<KeptJob, Waiter[]>();

  constructor(host: JobHost) {
    this.#host = host;
    type Work = (peer: Peer, request: Request) => Fields | Promise<Fields>;
    const tell = (work: Work): Operation => {
      return (peer, request) => ({ fields: work(peer, request) });
    };
    const change = (work: Work): Operation => {
      const written = async (peer: Peer, request: Request) => {
        const fields = await work(peer, request);
        host.write();
        return fields;
      };
      return tell(written);
    };
    const later = (work: Work): Operation => slow(tell(work));
    this.operations = {
      job_create: change((peer, request) => this.#create(peer, request)),
      job_add: later((peer, request) => this.#add(peer, request)),
      job_remove: change((peer, request) => this.#remove(peer, request)),
      job_list: tell((peer, request) => this.#list(peer, request)),
      job_show: tell((peer, request) => this.#show(peer, request)),
      job_members: tell((peer, request) => this.#members(peer, request)),
      job_wait: slow((peer, request) => this.#wait(peer, request)),
      job_end: change((peer, request) => this.#end(peer, request)),
      job_rename: change((peer, request) => this.#rename(peer, request)),
      rule_add: change((peer, request) => this.#addRule(peer, request)),
      rule_list: tell((peer, request) => this.#listRules(peer, request)),
      rule_remove: change((peer, request) => this.#removeRule(peer, request)),
      rule_test: later((peer, request) => this.#testRules(peer, request)),
    };
  }

  onEmpty(job: KeptJob): void {
    const waiters = this.#waiters.get(job) ?? [];
    this.#waiters.delete(job);
    for (const { resolve } of waiters) resolve(lastFields(job));
  }

  /** A connection is closed: it waits for nothing any more. */
  disconnected(client: number): void {
    for (const [job, waiters] of this.#waiters) {
      const others = waiters.filter((one) => one.client !== client);
      if (others.length > 0) this.#waiters.set(job, others);
      else this.#waiters.delete(job);
    }
  }

  #create(peer: Peer, request: Request): Fields {
    checkNames(request, ["name"]);
    this.#checkRoom();
    const { jobs } = this.#host;
    const name = this.#freeName(peer.uid, request.params["name"]);
    if (!peer.privileged && !jobs.hasRoom(peer.uid)) {
      throw new Refusal("EUSERS", "Cannot create a job: your share of open ones is used; end some");
    }
    return briefFields(jobs.create({ name, owner: peer.uid, since: this.#host.now() }));
  }

  async #add(peer: Peer, request: Request): Promise<Fields> {
    checkNames(request, ["job", "pids", "only"]);
    const { params } = request;
    const only = readFlag("only", params["only"]);
    const pids = readPids(params["pids"]);
    const job = this.#find(peer, params["job"]) ?? await this.#ended(peer, params["job"]);
    this.#checkRoom();
    const roots: Process[] = [];
    for (const pid of pids) roots.push(await this.#process(peer, pid, "put into a job"));
    if (job.until !== null) throw noJob({ text: job.name });
    const { jobs } = this.#host;
    // Who it is was asked above: a setuid program that one's own has started comes along.
    const found = only ? roots : withDescendants(roots, this.#host.processes());
    // A shell that adds itself does not mean the command by which it does so.
    const named = new Set(roots);
    const meant = found.filter((one) => named.has(one) || !isPeer(one, peer));
    const full = meant.find((one) => !one.jobs.includes(job) && !jobs.mayJoin(one, job.owner));
    if (full !== undefined) {
      const what = `Cannot add ${full.pid}: it is in ${JOB_LIMITS.ofProcess} jobs of that user`;
      throw new Refusal("EUSERS", `${what} already; take it out of one`);
    }
    const added = meant.filter((process) => jobs.add(job, process, this.#host.now())).length;
    this.#host.write();
    return { ...briefFields(job), added };
  }

  async #remove(peer: Peer, request: Request): Promise<Fields> {
    checkNames(request, ["job", "pids", "only"]);
    const { params } = request;
    const only = readFlag("only", params["only"]);
    const pids = readPids(params["pids"]);
    const job = this.#find(peer, params["job"]) ?? await this.#ended(peer, params["job"]);
    const roots = pids.map((pid) => {
      const process = this.#host.find(pid);
      if (process !== undefined && job.living.has(process)) return process;
      throw new Refusal(
        "ESRCH",
        `No such member: ${pid} is not in ${job.name}; nothing is removed`,
      );
    });
    const found = only ? roots : withDescendants(roots, this.#host.processes());
    const { jobs } = this.#host;
    const removed = found.filter((process) => jobs.remove(job, process, this.#host.now())).length;
    return { ...briefFields(job), removed };
  }

  #list(peer: Peer, request: Request): Promise<Fields> {
    checkNames(request, ["all", "before", "limit"]);
    const { before = Number.MAX_SAFE_INTEGER, limit = JOBS_MAX } = request.params;
    const all = readFlag("all", request.params["all"]);
    const from = readWhole("before", before, 0, Number.MAX_SAFE_INTEGER);
    const most = readWhole("limit", limit, 1, JOBS_MAX);
    return this.#host.ask(peer, (answers) => answers.list(all, from, most));
  }

  #show(peer: Peer, request: Request): Promise<Fields> {
    checkNames(request, ["job"]);
    const name = readName("job", request.params["job"]);
    return this.#host.ask(peer, (answers) => answers.show(name));
  }

  async #members(peer: Peer, request: Request): Promise<Fields> {
    checkNames(request, ["job", "after", "limit", "running"]);
    const { job, after = 0, limit = MEMBERS_MAX } = request.params;
    const name = readName("job", job);
    const from = readWhole("after", after, 0, Number.MAX_SAFE_INTEGER);
    const most = readWhole("limit", limit, 1, MEMBERS_MAX);
    if (!readFlag("running", request.params["running"])) {
      return await this.#host.ask(peer, (answers) => answers.members(name, from, most));
    }
    const { id, living } = this.#find(peer, job) ?? await this.#ended(peer, job);
    return { job: id, members: runningFields(living, this.#host.users, peer) };
  }

  #wait(peer: Peer, request: Request): Done {
    checkNames(request, ["job"]);
    const name = readName("job", request.params["job"]);
    const job = this.#find(peer, name);
    if (job === null) return { fields: this.#host.ask(peer, (answers) => answers.ended(name)) };
    if (job.living.size === 0) {
      if (job.started > 0) return { fields: lastFields(job) };
      const what = `Nothing to wait for: ${job.name} has had no members`;
      throw new Refusal("EINVAL", `${what}; add one by fh job add`);
    }
    const { promise, resolve } = Promise.withResolvers<Fields>();
    const waiters = this.#waiters.get(job) ?? [];
    this.#waiters.set(job, [...waiters, { client: peer.client, resolve }]);
    return { fields: promise };
  }

  async #end(peer: Peer, request: Request): Promise<Fields> {
    checkNames(request, ["job"]);
    const name = request.params["job"];
    const job = this.#find(peer, name) ?? await this.#ended(peer, name);
    const { jobs } = this.#host;
    if (jobs.isFed(job)) {
      const what = `Cannot end ${job.name}: a rule puts processes into it`;
      throw new Refusal("EBUSY", `${what}; remove that first: fh job rule list`);
    }
    const left = job.living.size;
    jobs.end(job, this.#host.now());
    return { ...briefFields(job), left };
  }

  async #rename(peer: Peer, request: Request): Promise<Fields> {
    checkNames(request, ["job", "name"]);
    this.#checkRoom();
    const name = request.params["job"];
    const job = this.#find(peer, name) ?? await this.#ended(peer, name);
    const { jobs } = this.#host;
    if (jobs.isFed(job)) {
      const what = `Cannot rename ${job.name}: a rule puts processes into it by that name`;
      throw new Refusal("EBUSY", `${what}; remove that first: fh job rule list`);
    }
    jobs.rename(job, this.#freeName(job.owner, request.params["name"]));
    return briefFields(job);
  }

  #addRule(peer: Peer, request: Request): Fields {
    checkNames(request, ["job", "filter"]);
    const { job, filter } = request.params;
    const name = readNewName("job", job);
    this.#checkRoom();
    const { jobs } = this.#host;
    if (!peer.privileged && !this.#hasRoomForRule(peer.uid)) {
      throw new Refusal("EUSERS", "Cannot add a rule: your share of them is used; remove some");
    }
    const kept = {
      job: name,
      owner: peer.uid,
      filter: JSON.stringify(filter),
      created: this.#host.wallClock(),
    };
    const rule = this.#host.keepRule(kept);
    jobs.setRule(rule);
    const added = jobs.apply(rule, () => this.#host.processes(), this.#host.now());
    return { rule: rule.id, job: name, added };
  }

  /** Rules whose filters cannot be understood any more count, too: they are in the file. */
  #hasRoomForRule(uid: number): boolean {
    const { total, reserve, most } = RULE_LIMITS;
    const rules = new Shares(total, reserve, most);
    for (const { owner } of this.#host.rules()) rules.charge(owner, 1);
    return rules.left(uid) >= 1;
  }

  #listRules(peer: Peer, request: Request): Fields {
    checkNames(request, []);
    const { users, jobs } = this.#host;
    const own = [...this.#host.rules()].filter(({ owner }) => maySee(peer, owner));
    return { rules: own.map((rule) => ruleFields(rule, users, jobs.rules.get(rule.id))) };
  }

  #removeRule(peer: Peer, request: Request): Fields {
    checkNames(request, ["rule"]);
    const id = readWhole("rule", request.params["rule"], 1, Number.MAX_SAFE_INTEGER);
    const rule = [...this.#host.rules()].find((one) => one.id === id);
    if (rule === undefined || !maySee(peer, rule.owner)) {
      throw new Refusal("ESRCH", `No such rule: ${id}; fh job rule list shows them`);
    }
    this.#host.dropRule(id);
    this.#host.jobs.removeRule(id, this.#host.now());
    return { rule: id, job: rule.job };
  }

  async #testRules(peer: Peer, request: Request): Promise<Fields> {
    checkNames(request, ["pid"]);
    const pid = readWhole("pid", request.params["pid"], 1, PID_MAX);
    const process = await this.#process(peer, pid, "tested");
    const { jobs: all } = this.#host;
    const rules = [...all.rules.values()].filter((rule) => {
      if (!maySee(peer, rule.owner) || !governs(rule, process)) return false;
      const holds = all.holds(rule, process);
      if (holds !== null) return holds;
      const what = `No time: the rules for processes of uid ${process.uid} have used its share`;
      throw new Refusal("EBUSY", `${what}; ask again later`);
    });
    const jobs = process.jobs.filter(({ owner, until }) => until === null && maySee(peer, owner));
    return {
      pid,
      comm: process.image.comm,
      jobs: jobs.map(({ name }) => name),
      rules: rules.map(({ id, job }) => ({ rule: id, job })),
    };
  }

  /** What is taken on while nothing can be written would have to be kept in memory. */
  #checkRoom(): void {
    if (!this.#host.failing()) return;
    const what = "No room: the history cannot be written, so nothing new is taken on";
    throw new Refusal("ENOSPC", `${what}; try again when there is room on its disk`);
  }

  #freeName(owner: number, value: unknown): string {
    const name = readNewName("name", value);
    if (this.#host.jobs.find(name, owner) === undefined) return name;
    throw new Refusal("EEXIST", `Name taken: there is an open job ${name}; take another name`);
  }

  /** There is no open job of that name: rejects with ESRCH, which says what there was. */
  async #ended(peer: Peer, value: unknown): Promise<never> {
    const name = readName("job", value);
    const past = await this.#host.ask(peer, (answers) => answers.find(name));
    throw new Refusal("ESRCH", `No such job: ${past.name} has ended; create another`);
  }

  /** The open job that a peer names; null when there is none. */
  #find(peer: Peer, value: unknown): KeptJob | null {
    const meant = readJobName(readName("job", value), peer.uid, this.#host.users);
    for (const job of this.#host.jobs.open) {
      if (maySee(peer, job.owner) && isMeant(meant, job)) return job;
    }
    return null;
  }

  /** The process that has a pid and that a peer may manage. */
  async #process(peer: Peer, pid: number, act: string): Promise<Process> {
    let process = this.#host.find(pid);
    for (let waited = 0; !process?.alive && waited < FIND_MS; waited += FIND_EVERY_MS) {
      if (!this.#host.exists(pid)) break;
      await new Promise((resolve) => setTimeout(resolve, FIND_EVERY_MS));
      process = this.#host.find(pid);
    }
    if (!process?.alive) throw new Refusal("ESRCH", `No such process: ${pid}; it may have ended`);
    // Who runs the server sees all of it, but only root manages what is another's.
    if (peer.uid === 0 || peer.uid === process.uid) return process;
    throw new Refusal("EPERM", `Not yours: process ${pid} cannot be ${act} by you; ask root`);
  }
}

/** A rule as it is told. */
export function ruleFields(
  rule: KeptRule,
  users: Users,
  used: { readonly skipped: number } | undefined,
): Fields {
  const { id, job, owner, filter, created } = rule;
  return {
    rule: id,
    job,
    uid: owner,
    user: users.name(owner),
    filter: storedFilter(filter),
    created: new Date(created).toISOString(),
    used: used !== undefined,
    skipped: used?.skipped ?? null,
  };
}

function isPeer({ pid, startTicks: ticks }: Process, peer: Peer): boolean {
  return pid === peer.pid && peer.startTicks !== null && Math.abs(ticks - peer.startTicks) <= 1;
}

function briefFields({ id, name, owner, living, started }: KeptJob): Fields {
  return { job: id, name, uid: owner, running: living.size, members: started };
}

/** Name or number of a job, for readJobName(). */
function readName(what: string, value: unknown): string {
  if (typeof value === "number" && Number.isInteger(value)) return String(value);
  if (typeof value === "string" && value !== "") return value;
  throw bad(what, value, "give the name or the number of a job, or USER/NAME");
}

/** A name that a job can be given: a number would be taken for that of another. */
export function readNewName(what: string, value: unknown): string {
  if (typeof value === "string" && NAME.test(value) && !/^\d+$/.test(value)) return value;
  throw bad(what, value, "give up to 64 letters, digits and _.:@+-, not digits alone");
}

function readPids(value: unknown): number[] {
  const pids: unknown[] = Array.isArray(value) ? value : [value];
  if (pids.length === 0 || pids.length > PIDS_MAX) {
    throw bad("pids", pids.length, `give 1 to ${PIDS_MAX} pids`);
  }
  return pids.map((pid) => readWhole("pids", pid, 1, PID_MAX));
}
