/**
 * The jobs of a recorder: groups that children join by birth, and rules that put processes into
 * them. Pure.
 *
 * @module
 */
import type { ThreadTime } from "../model/common_shares.ts";
import { isBelow } from "../model/lineage.ts";
import type { Change } from "../model/machine.ts";
import { NO_JOBS, type Process } from "../model/process.ts";
import { Shares } from "../model/shares.ts";
import { governs, type JobRule, JobRules, nameKey } from "./job_rules.ts";
import { type JobIdentity, KeptJob } from "./kept_job.ts";

/** What one owner's jobs may take of a recorder. */
export const JOB_LIMITS = {
  /** Open jobs in all, those for root alone, and those of one owner. */
  open: { total: 4096, reserve: 1024, most: 1000 },
  /** Jobs of one owner that a process is in: each of its forks and exits counts in all of them. */
  ofProcess: 16,
  /** Sums by name and user, of some 400 bytes, in all open jobs. */
  sums: { total: 65_536, reserve: 16_384, most: 32_768 },
} as const;

/** Told what is to be kept. */
export interface JobListener {
  /** A job has begun, or something about it has changed. */
  onJob(job: KeptJob): void;
  /** A process is in a job since then; null: from its birth on. */
  onMember(job: KeptJob, process: Process, since: number | null): void;
  /** A process has left a job and lives on. */
  onLeave(job: KeptJob, process: Process, until: number): void;
  /** No member of a job lives any more. */
  onEmpty(job: KeptJob): void;
}

/** A member of an earlier run on this boot, by the number of its life. */
export interface LeftMember {
  readonly job: KeptJob;
  readonly comm: string;
  /** Real uid; -1 when not known. */
  readonly uid: number;
}

/** All open jobs, and who is in them. */
export class Jobs {
  readonly #listener: JobListener;
  readonly #open = new Set<KeptJob>();
  /** The same by owner and name. */
  readonly #byName = new Map<string, KeptJob>();
  readonly #rules: JobRules;
  readonly #counts = openShares();
  readonly #sums = sumShares();
  /** Members of an earlier run that the first scan has not shown yet. */
  readonly #left = new Map<number, LeftMember[]>();
  /** How many of them each job awaits. */
  readonly #awaited = new Map<KeptJob, number>();
  #lastId = 0;
  /** Processes with a smaller number were known to an earlier run, and so were their jobs. */
  #firstKey = 0;
  #scanned = false;

  constructor(listener: JobListener, time: ThreadTime) {
    this.#listener = listener;
    this.#rules = new JobRules(time);
  }

  /** Whether an owner may have another job. */
  hasRoom(owner: number): boolean {
    return this.#counts.left(owner) >= 1;
  }

  /** Whether a process may be in another job of that owner. */
  mayJoin(process: Process, owner: number): boolean {
    let count = 0;
    for (const job of jobsOf(process)) if (job.owner === owner && job.until === null) count++;
    return count < JOB_LIMITS.ofProcess;
  }

  /** Those that have not ended. */
  get open(): Iterable<KeptJob> {
    return this.#open;
  }

  /** By number. */
  get rules(): ReadonlyMap<number, JobRule> {
    return this.#rules.byId;
  }

  /** Jobs up to a number, and processes up to a key, are those of earlier runs. */
  reserve(id: number, key: number): void {
    this.#lastId = Math.max(this.#lastId, id);
    this.#firstKey = key + 1;
  }

  /** Takes a job over from an earlier run, with the members that lived then. */
  restore(job: KeptJob, members: ReadonlyMap<number, Omit<LeftMember, "job">>): void {
    this.#begin(job);
    if (members.size > 0) this.#awaited.set(job, members.size);
    for (const [key, member] of members) {
      const those = this.#left.get(key);
      if (those === undefined) this.#left.set(key, [{ job, ...member }]);
      else those.push({ job, ...member });
    }
  }

  /** A new job. */
  create(identity: Omit<JobIdentity, "id">): KeptJob {
    const job = new KeptJob({ ...identity, id: ++this.#lastId });
    this.#begin(job);
    this.#listener.onJob(job);
    return job;
  }

  #begin(job: KeptJob): void {
    this.#open.add(job);
    this.#byName.set(nameKey(job), job);
    this.#counts.charge(job.owner, 1);
    job.countIn(this.#sums);
  }

  /** The open job of an owner with that name. */
  find(name: string, owner: number): KeptJob | undefined {
    return this.#byName.get(nameKey({ name, owner }));
  }

  /** Gives a job another name. */
  rename(job: KeptJob, name: string): void {
    this.#byName.delete(nameKey(job));
    job.name = name;
    this.#byName.set(nameKey(job), job);
    this.#listener.onJob(job);
  }

  /** Puts a process into a job; whether it was not in it. */
  add(job: KeptJob, process: Process, time: number): boolean {
    if (!process.alive || process.jobs.includes(job)) return false;
    process.jobs = [...jobsOf(process), job];
    job.join(process);
    this.#listener.onMember(job, process, time);
    return true;
  }

  /** Takes a process out of a job, which ends when it was the last; whether it was in it. */
  remove(job: KeptJob, process: Process, time: number): boolean {
    if (!job.living.delete(process)) return false;
    process.jobs = without(jobsOf(process), job);
    this.#listener.onLeave(job, process, time);
    this.#endIfEmpty(job, time);
    return true;
  }

  /** Ends a job; its members live on, in none of it. */
  end(job: KeptJob, time: number): void {
    if (job.until !== null) return;
    for (const process of job.living) {
      process.jobs = without(jobsOf(process), job);
      this.#listener.onLeave(job, process, time);
    }
    job.living.clear();
    job.until = time;
    this.#open.delete(job);
    if (this.#byName.get(nameKey(job)) === job) this.#byName.delete(nameKey(job));
    this.#counts.give(job.owner, 1);
    job.countIn(null);
    this.#listener.onJob(job);
    this.#listener.onEmpty(job);
  }

  /** Adds a rule, or replaces one, without applying it to what runs. */
  setRule(rule: JobRule): void {
    this.#rules.set(rule);
  }

  /** Removes a rule; the job that it fed ends if it is empty. */
  removeRule(id: number, time: number): void {
    const rule = this.#rules.remove(id);
    if (rule === undefined) return;
    const job = this.find(rule.job, rule.owner);
    if (job !== undefined && job.started > 0) this.#endIfEmpty(job, time);
  }

  /** Whether a rule puts processes into a job. */
  isFed(job: KeptJob): boolean {
    return this.#rules.feeds(job);
  }

  /** Takes note of a change. */
  note(change: Change): void {
    const { process, kind } = change;
    if (process === null) {
      this.#noteLoss(change.a);
      return;
    }
    if (kind === "exit") {
      if (process.jobs !== NO_JOBS) this.#exit(process, change.time);
      return;
    }
    if (kind === "snapshot") this.#comeBack(process);
    if (kind === "fork" || (kind === "snapshot" && this.#isNew(process))) this.#inherit(process);
    if (kind !== "exec" && kind !== "snapshot") return;
    if (process.jobs !== NO_JOBS) { for (const job of jobsOf(process)) job.revive(process); }
    if (this.rules.size > 0 && process.alive) this.#classify(process, change.time);
  }

  /** Takes note of the account of a process. */
  noteAccount(process: Process): void {
    for (const job of jobsOf(process)) job.account(process);
    if (process.jobs !== NO_JOBS) { for (const job of jobsOf(process)) this.#listener.onJob(job); }
  }

  /** The first scan is over: what an earlier run knew and nobody has seen ended in between. */
  scanned(processes: Iterable<Process>, time: number): void {
    if (this.#scanned) return;
    this.#scanned = true;
    // A child may have been listed before its parent.
    if (this.#open.size > 0) {
      for (const process of processes) this.#inheritFromAbove(process);
    }
    const jobs = new Set<KeptJob>();
    for (const { job, comm, uid } of [...this.#left.values()].flat()) {
      job.endUnseen(comm, uid);
      jobs.add(job);
    }
    this.#left.clear();
    this.#awaited.clear();
    for (const job of jobs) {
      this.#listener.onJob(job);
      this.#endIfEmpty(job, time);
    }
  }

  /** Applies a rule to what runs, and to what descends from that; how many joined its job. */
  apply(rule: JobRule, processes: () => Iterable<Process>, time: number): number {
    const roots: Process[] = [];
    for (const process of processes()) {
      if (process.alive && governs(rule, process) && this.holds(rule, process)) roots.push(process);
    }
    if (roots.length === 0) return 0;
    const all = withDescendants(roots, processes());
    return all.filter((one) => this.#putBy(rule, one, time)).length;
  }

  /** Whether a process passes a rule; null where its user has no time left for that. */
  holds(rule: JobRule, process: Process): boolean | null {
    return this.#rules.holds(rule, process);
  }

  /** Puts a process into the jobs of its parent. */
  #inherit(process: Process): void {
    const { parent } = process;
    if (parent === null || parent.jobs === NO_JOBS || process.jobs === parent.jobs) return;
    const above = jobsOf(parent);
    const isOpen = ({ until }: KeptJob) => until === null;
    const open = above.every(isOpen) ? above : above.filter(isOpen);
    const fresh = open.filter((job) => !process.jobs.includes(job));
    if (fresh.length === 0) return;
    process.jobs = process.jobs === NO_JOBS ? open : [...jobsOf(process), ...fresh];
    for (const job of fresh) {
      job.join(process);
      this.#listener.onMember(job, process, null);
    }
    // Its exit may have come before its fork.
    if (!process.alive) this.#exit(process, process.end ?? process.born);
  }

  #inheritFromAbove(process: Process): void {
    const path: Process[] = [];
    let at: Process | null = process;
    while (at !== null && at.jobs === NO_JOBS && this.#isNew(at)) {
      path.push(at);
      at = at.parent;
    }
    for (const one of path.reverse()) this.#inherit(one);
  }

  /** Whether no earlier run knew a process: what it knew, its jobs tell. */
  #isNew({ key }: Process): boolean {
    return key >= this.#firstKey;
  }

  /** A member of an earlier run is there still. */
  #comeBack(process: Process): void {
    const left = this.#left.get(process.key);
    if (left === undefined) return;
    this.#left.delete(process.key);
    for (const { job } of left) {
      const others = this.#awaited.get(job)! - 1;
      if (others === 0) this.#awaited.delete(job);
      else this.#awaited.set(job, others);
      process.jobs = [...jobsOf(process), job];
      // It was counted when it joined.
      job.living.add(process);
      if (!process.alive) this.#exit(process, process.end ?? process.born);
    }
  }

  #exit(process: Process, time: number): void {
    for (const job of jobsOf(process)) {
      job.end(process);
      this.#listener.onJob(job);
      this.#endIfEmpty(job, time);
    }
  }

  #classify(process: Process, time: number): void {
    this.#rules.classify(process, (rule) => this.#putBy(rule, process, time));
  }

  /** Puts a process into the job of a rule; whether it was not in it. */
  #putBy(rule: JobRule, process: Process, time: number): boolean {
    const job = this.#fedBy(rule, time);
    if (process.jobs.includes(job)) return false;
    if (this.mayJoin(process, rule.owner)) return this.add(job, process, time);
    rule.skipped++;
    return false;
  }

  #fedBy({ job: name, owner }: JobRule, since: number): KeptJob {
    return this.find(name, owner) ?? this.create({ name, owner, since });
  }

  #endIfEmpty(job: KeptJob, time: number): void {
    if (job.living.size > 0 || this.#isAwaited(job)) return;
    if (this.isFed(job)) this.#listener.onEmpty(job);
    else this.end(job, time);
  }

  /** Whether members of an earlier run may still be shown. */
  #isAwaited(job: KeptJob): boolean {
    return this.#awaited.has(job);
  }

  #noteLoss(lost: number): void {
    if (lost <= 0) return;
    for (const job of this.#open) {
      job.lost += lost;
      this.#listener.onJob(job);
    }
  }
}

function openShares(): Shares {
  const { total, reserve, most } = JOB_LIMITS.open;
  return new Shares(total, reserve, most);
}

function sumShares(): Shares {
  const { total, reserve, most } = JOB_LIMITS.sums;
  return new Shares(total, reserve, most);
}

/** Nobody else puts any into a process. */
function jobsOf({ jobs }: Process): readonly KeptJob[] {
  return jobs as readonly KeptJob[];
}

function without(jobs: readonly KeptJob[], job: KeptJob): readonly KeptJob[] {
  const others = jobs.filter((one) => one !== job);
  return others.length === 0 ? NO_JOBS : others;
}

/** Processes, and what descends from them and lives, each once. */
export function withDescendants(
  roots: readonly Process[],
  processes: Iterable<Process>,
): Process[] {
  const answers = new Map<Process, boolean>(roots.map((root) => [root, true]));
  const found = new Set(roots);
  for (const process of processes) {
    if (isBelow(process, answers) && process.alive) found.add(process);
  }
  return [...found];
}
