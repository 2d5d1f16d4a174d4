/**
 * The jobs of a recorder: what happens is told to them, what they know is written beside it, and
 * requests are answered.
 *
 * @module
 */
import { JobAnswers } from "../ask/jobs.ts";
import { QUESTION_LIMITS } from "../ask/limits.ts";
import type { WritableHistory } from "../history/file.ts";
import { History } from "../history/history.ts";
import type { KeptRule } from "../jobs/job_rules.ts";
import { HistoryStore } from "../history/store.ts";
import { JobLog } from "../history/job_log.ts";
import type { JobRule } from "../jobs/job_rules.ts";
import { Jobs } from "../jobs/jobs.ts";
import type { CommonShares } from "../model/common_shares.ts";
import type { Change } from "../model/machine.ts";
import type { Process } from "../model/process.ts";
import type { Users } from "../proc/passwd.ts";
import type { ProcReader } from "../proc/procfs.ts";
import { parseRule, storedFilter } from "../serve/filter.ts";
import { JobRequests } from "../serve/job_requests.ts";
import { Refusal } from "../fault.ts";
import type { Session } from "../session.ts";
import { Breath } from "../steps.ts";
import type { Sink } from "./sink.ts";

/** Stands for the number of a rule that has none yet. */
const NEW = 0;
/** Aborts nothing: a question that was begun is answered, while the recorder ends. */
const NEVER = new AbortController();

/** What a recorder has. */
export interface JobRecorder {
  readonly path: string;
  readonly session: Session;
  readonly reader: ProcReader;
  readonly users: Users;
  readonly shares: CommonShares;
  /** Milliseconds since the Unix epoch. */
  wallClock(): number;
  /** Writes what waits. */
  write(): void;
  /** Whether the file takes nothing at the moment. */
  failing(): boolean;
  /** Tells a person. */
  say(text: string): void;
}

/** All jobs of one recorder. */
export class RecordedJobs implements Sink {
  readonly #recorder: JobRecorder;
  readonly #jobs: Jobs;
  readonly requests: JobRequests;
  /** Memory that the patterns of each rule may take. */
  readonly #bytes = new Map<number, number>();
  #log: JobLog | null = null;

  constructor(recorder: JobRecorder) {
    this.#recorder = recorder;
    const log = () => this.#log!;
    this.#jobs = new Jobs({
      onJob: (job) => log().onJob(job),
      onMember: (...joined) => log().onMember(...joined),
      onLeave: (...left) => log().onLeave(...left),
      onEmpty: (job) => this.requests.onEmpty(job),
    }, recorder.shares.time);
    this.requests = new JobRequests({
      jobs: this.#jobs,
      users: recorder.users,
      now: () => recorder.session.now,
      wallClock: () => recorder.wallClock(),
      find: (pid) => recorder.session.machine.get(pid),
      processes: () => recorder.session.machine.processes(),
      exists: (pid) => recorder.reader.read(pid, "stat") !== null,
      rules: () => log().rules,
      keepRule: (rule) => this.#keepRule(rule),
      dropRule: (id) => this.#drop(id),
      write: () => recorder.write(),
      failing: () => recorder.failing(),
      ask: async (peer, question) => {
        recorder.write();
        const breath = new Breath(NEVER.signal, QUESTION_LIMITS.turnMs);
        const store = new HistoryStore(new History(recorder.path), breath);
        try {
          return await question(new JobAnswers(store, recorder.users, peer));
        } finally {
          store.close();
        }
      },
    });
  }

  /** The log that is written beside the lives of a file that was opened. */
  open(file: WritableHistory): JobLog {
    return new JobLog(file);
  }

  /** Begins with what the file has, its boot being known; or goes on in another file. */
  begin(next: JobLog, bootId: string): void {
    const before = this.#log;
    this.#log = next;
    if (before !== null) {
      next.takeOver(this.#jobs, before.rules, bootId);
      return;
    }
    next.restore(this.#jobs, bootId);
    for (const rule of next.rules) {
      try {
        this.#jobs.setRule(this.#compile(rule));
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        this.#recorder.say(`rule ${rule.id} of job ${rule.job} is not used: ${error.message}`);
      }
    }
  }

  note(change: Change): void {
    this.#jobs.note(change);
  }

  noteAccount(process: Process): void {
    this.#jobs.noteAccount(process);
  }

  /** The first scan is over. */
  scanned(): void {
    const { machine, now } = this.#recorder.session;
    this.#jobs.scanned(machine.processes(), now);
  }

  /** Nothing is kept that is refused. */
  #keepRule(rule: Omit<KeptRule, "id">): JobRule {
    const compiled = this.#compile({ ...rule, id: NEW });
    let kept: KeptRule;
    try {
      kept = this.#log!.addRule(rule);
    } catch (error) {
      this.#recorder.shares.patterns.give(rule.owner, this.#bytes.get(NEW)!);
      const what = `Cannot keep the rule: ${(error as Error).message}`;
      throw new Refusal("EIO", `${what}; make room for the history`);
    }
    this.#bytes.set(kept.id, this.#bytes.get(NEW)!);
    return { ...compiled, id: kept.id };
  }

  #compile({ id, job, owner, filter }: KeptRule): JobRule {
    const { users, shares: { patterns } } = this.#recorder;
    const { matches, bytes } = parseRule(storedFilter(filter), users);
    if (!patterns.take(owner, bytes)) {
      const message = "No room for its patterns: all rules and filters of its user take too much";
      throw new Refusal("EUSERS", `${message}; remove some`);
    }
    this.#bytes.set(id, bytes);
    return { id, job, owner, all: owner === 0, skipped: 0, matches };
  }

  #drop(id: number): void {
    this.#log!.removeRule(id);
    const owner = this.#jobs.rules.get(id)?.owner;
    if (owner !== undefined) this.#recorder.shares.patterns.give(owner, this.#bytes.get(id) ?? 0);
    this.#bytes.delete(id);
  }
}
