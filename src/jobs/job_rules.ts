/**
 * Rules that put processes into jobs: which there are, which are for a process, and whether there
 * is time to hold them against it. Pure.
 *
 * @module
 */
import type { ThreadTime } from "../model/common_shares.ts";
import type { Process } from "../model/process.ts";

/** A rule as it is kept. */
export interface KeptRule {
  readonly id: number;
  /** Name of the job. */
  readonly job: string;
  /** uid of who has made it. */
  readonly owner: number;
  /** JSON: a filter as requests have it. */
  readonly filter: string;
  /** Milliseconds since the Unix epoch. */
  readonly created: number;
}

/** Stands for the user of a process whose user is not known. */
const NOBODY = -1;

/** What puts processes into a job. */
export interface JobRule {
  readonly id: number;
  /** Name of the job, which is made when it is not there. */
  readonly job: string;
  /** uid of who has made the rule. */
  readonly owner: number;
  /** Whether the rule is for processes of all users. */
  readonly all: boolean;
  /** Processes that it was not held against, or did not take, for want of time or of room. */
  skipped: number;
  matches(process: Process): boolean;
}

/** A job by what is unique among those that are open. */
export function nameKey({ name, owner }: { name: string; owner: number }): string {
  return `${owner} ${name}`;
}

function feedKey({ job: name, owner }: JobRule): string {
  return nameKey({ name, owner });
}

/** All rules of a recorder. */
export class JobRules {
  readonly #time: ThreadTime;
  readonly #rules = new Map<number, JobRule>();
  #forAll: JobRule[] = [];
  /** Rules of users for their own processes. */
  readonly #ofOwner = new Map<number, JobRule[]>();
  /** How many rules feed a job, by its key. */
  readonly #feeding = new Map<string, number>();

  constructor(time: ThreadTime) {
    this.#time = time;
  }

  /** By number. */
  get byId(): ReadonlyMap<number, JobRule> {
    return this.#rules;
  }

  /** Adds a rule, or replaces one. */
  set(rule: JobRule): void {
    this.remove(rule.id);
    this.#rules.set(rule.id, rule);
    const fed = feedKey(rule);
    this.#feeding.set(fed, (this.#feeding.get(fed) ?? 0) + 1);
    if (rule.all) this.#forAll.push(rule);
    else this.#ofOwner.set(rule.owner, [...this.#ofOwner.get(rule.owner) ?? [], rule]);
  }

  /** Removes a rule, which comes back; undefined where there is none. */
  remove(id: number): JobRule | undefined {
    const rule = this.#rules.get(id);
    if (rule === undefined) return undefined;
    this.#rules.delete(id);
    const fed = feedKey(rule);
    const others = this.#feeding.get(fed)! - 1;
    if (others === 0) this.#feeding.delete(fed);
    else this.#feeding.set(fed, others);
    this.#forAll = this.#forAll.filter((one) => one !== rule);
    const own = this.#ofOwner.get(rule.owner)?.filter((one) => one !== rule) ?? [];
    if (own.length > 0) this.#ofOwner.set(rule.owner, own);
    else this.#ofOwner.delete(rule.owner);
    return rule;
  }

  /** Whether a rule puts processes into a job. */
  feeds(job: { name: string; owner: number }): boolean {
    return this.#feeding.has(nameKey(job));
  }

  /** Calls `take` with each rule that a process passes. */
  classify(process: Process, take: (rule: JobRule) => void): void {
    for (const rule of this.#forAll) if (this.holds(rule, process)) take(rule);
    const own = process.uid === null ? undefined : this.#ofOwner.get(process.uid);
    if (own !== undefined) { for (const rule of own) if (this.holds(rule, process)) take(rule); }
  }

  /**
   * Whether a process passes a rule; null where its user has no time left for that. Whoever has
   * made the rule, it is the user of the process who would have everybody wait.
   */
  holds(rule: JobRule, process: Process): boolean | null {
    const uid = process.uid ?? NOBODY;
    if (this.#time.may(uid)) return this.#time.run(uid, () => rule.matches(process));
    rule.skipped++;
    return null;
  }
}

/** Whether a rule may put a process into a job: that of ordinary users only their own ones. */
export function governs({ all, owner }: JobRule, { uid }: Process): boolean {
  return all || uid === owner;
}
