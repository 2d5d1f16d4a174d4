/**
 * A recorder that keeps jobs, without a source: what it records is told to it.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openForRecording, type WritableHistory } from "../../src/history/file.ts";
import { JobLog } from "../../src/history/job_log.ts";
import { HistoryWriter } from "../../src/history/writer.ts";
import { Jobs } from "../../src/jobs/jobs.ts";
import type { KeptJob } from "../../src/jobs/kept_job.ts";
import { CommonShares } from "../../src/model/common_shares.ts";
import type { SourceEvent } from "../../src/model/event.ts";
import { Machine } from "../../src/model/machine.ts";
import { PAST_BOOT, PAST_EPOCH } from "./past.ts";

const S = 1e9;

/** A recorder with jobs, without a source. */
export class JobRecorder {
  readonly folder: string;
  readonly jobs: Jobs;
  readonly machine: Machine;
  writer!: HistoryWriter;
  log!: JobLog;
  #file!: WritableHistory;
  #last = S;
  /** Told of jobs without living members. */
  onEmpty: (job: KeptJob) => void = () => {};

  constructor(folder?: string, bootId: string = PAST_BOOT, since: number = S) {
    this.folder = folder ?? mkdtempSync(join(tmpdir(), "fh-jobs-"));
    this.jobs = new Jobs({
      onJob: (job) => this.log.onJob(job),
      onMember: (...joined) => this.log.onMember(...joined),
      onLeave: (...left) => this.log.onLeave(...left),
      onEmpty: (job) => this.onEmpty(job),
    }, CommonShares.of().time);
    this.machine = new Machine({
      onChange: (change) => {
        this.writer.note(change);
        this.jobs.note(change);
      },
      onScanned: () => {
        this.writer.scanned();
        this.jobs.scanned(this.machine.processes(), this.#last);
      },
      onAccount: (process, _figures, last) => {
        if (!last) return;
        this.writer.noteAccount(process);
        this.jobs.noteAccount(process);
      },
    });
    this.#open(this.path, bootId, since, false);
    this.log.restore(this.jobs, bootId);
  }

  /** The file that is written. */
  get path(): string {
    return join(this.folder, "history.db");
  }

  /** The open file. */
  get db(): WritableHistory["db"] {
    return this.#file.db;
  }

  /** Whose the room in it is. */
  get ledger(): WritableHistory["ledger"] {
    return this.#file.ledger;
  }

  #open(path: string, bootId: string, since: number, continued: boolean): void {
    this.#file = openForRecording(path);
    this.log = new JobLog(this.#file);
    this.writer = new HistoryWriter(this.#file, {
      bootId,
      pid: 99,
      since,
      epoch: PAST_EPOCH,
      source: "connector",
      why: "a test",
      version: "0",
      accounts: "taskstats",
      findings: false,
      keepMs: Infinity,
      maxBytes: Infinity,
      continued,
      argv: true,
      processes: () => this.machine.processes(),
      also: [this.log],
    });
  }

  /** Tells what happened. */
  tell(...events: readonly SourceEvent[]): this {
    for (const event of events) {
      this.#last = Math.max(this.#last, event.time);
      this.machine.step(event);
    }
    return this;
  }

  /** A job of root's with some processes in it. */
  job(name: string, ...pids: readonly number[]): KeptJob {
    const job = this.jobs.create({ name, owner: 0, since: this.#last });
    for (const pid of pids) this.jobs.add(job, this.machine.get(pid)!, this.#last);
    return job;
  }

  /** Writes what was told. */
  flush(): this {
    this.writer.flush(this.#last, PAST_EPOCH);
    return this;
  }

  /** Goes on in another file. */
  move(path: string): this {
    const before = this.log;
    this.writer.end(this.#last, PAST_EPOCH);
    this.#file.close();
    for (const process of this.machine.processes()) process.key = 0;
    this.#open(path, PAST_BOOT, this.#last, true);
    this.log.takeOver(this.jobs, before.rules, PAST_BOOT);
    this.writer.takeOver(this.machine.processes(), this.#last, null);
    return this.flush();
  }

  /** Ends without a word, as by SIGKILL. */
  kill(): void {
    this.#file.close();
  }

  /** Writes the rest, and ends. */
  end(): void {
    this.writer.end(this.#last + 1, PAST_EPOCH);
    this.#file.close();
  }

  /** Removes the file and its folder. */
  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}
