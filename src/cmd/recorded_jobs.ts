/**
 * The jobs of a recorder: what happens is told to them, what they know is written beside it, and
 * requests are answered.
 *
 * @module
 */
import type { WritableHistory } from "../history/file.ts";
import { History } from "../history/history.ts";
import { JobLog, type KeptRule } from "../history/job_log.ts";
import { type JobRule, Jobs } from "../model/jobs.ts";
import type { Change } from "../model/machine.ts";
import type { Process } from "../model/process.ts";
import type { ProcReader } from "../proc/procfs.ts";
import type { Users } from "../proc/passwd.ts";
import { Refusal } from "../serve/protocol.ts";
import type { Session } from "../session.ts";
import { JobAnswers } from "./job_answers.ts";
import { JobRequests } from "./job_requests.ts";
import { parseRule } from "./serve_filter.ts";

/** What a recorder has. */
export interface JobRecorder {
  readonly path: string;
  readonly session: () => Session;
  readonly reader: ProcReader;
  readonly users: Users;
  /** Writes what waits. */
  write(): void;
  /** Tells a person. */
  say(text: string): void;
}

/** All jobs of one recorder. */
export class RecordedJobs {
  readonly #recorder: JobRecorder;
  readonly #jobs: Jobs;
  readonly requests: JobRequests;
  #log: JobLog | null = null;

  constructor(recorder: JobRecorder) {
    this.#recorder = recorder;
    const log = () => this.#log!;
    this.#jobs = new Jobs({
      onJob: (job) => log().onJob(job),
      onMember: (...joined) => log().onMember(...joined),
      onLeave: (...left) => log().onLeave(...left),
      onEmpty: (job) => this.requests.onEmpty(job),
    });
    this.requests = new JobRequests({
      jobs: this.#jobs,
      users: recorder.users,
      accounts: () => recorder.session().info.accounts ?? null,
      now: () => recorder.session().now,
      find: (pid) => recorder.session().machine.get(pid),
      processes: () => recorder.session().machine.processes(),
      exists: (pid) => recorder.reader.read(pid, "stat") !== null,
      rules: () => log().rules,
      keepRule: (rule) => this.#keepRule(rule),
      dropRule: (id) => log().removeRule(id),
      write: () => recorder.write(),
      ask: (peer, question) => {
        recorder.write();
        const history = new History(recorder.path);
        try {
          return question(new JobAnswers(history, recorder.users, peer));
        } finally {
          history.close();
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

  /** Takes note of a change; the process has its number in the history. */
  note(change: Change): void {
    this.#jobs.note(change);
  }

  /** Takes note of the account of a process. */
  noteAccount(process: Process): void {
    this.#jobs.noteAccount(process);
  }

  /** The first scan is over. */
  scanned(): void {
    const { machine, now } = this.#recorder.session();
    this.#jobs.scanned(machine.processes(), now);
  }

  #keepRule(rule: Omit<KeptRule, "id">): JobRule {
    try {
      return this.#compile(this.#log!.addRule(rule));
    } catch (error) {
      if (error instanceof Refusal) throw error;
      const what = `Cannot keep the rule: ${(error as Error).message}`;
      throw new Refusal("EIO", `${what}; make room for the history`);
    }
  }

  #compile({ id, job, owner, filter }: KeptRule): JobRule {
    const { users } = this.#recorder;
    const all = owner === 0;
    return { id, job, owner, all, matches: parseRule(JSON.parse(filter), users, all) };
  }
}
