/**
 * What `fh run` does: a command, a session that follows all that descends from it, and a report.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { type Context, tableStyle } from "../../cli/command.ts";
import { tell } from "../../cli/tell.ts";
import { CommandError, EXIT, UsageError } from "../../fault.ts";
import { type ChildrenUsage, Reaper } from "../../host/reaper.ts";
import { Job } from "../../jobs/run_job.ts";
import type { TaskFigures } from "../../model/account.ts";
import type { Change } from "../../model/machine.ts";
import type { Process } from "../../model/process.ts";
import { type Redact, redactWords } from "../../redact/redact.ts";
import type { Session } from "../../session.ts";
import { pause } from "../../steps.ts";
import { jsonText } from "../../text/json_text.ts";
import { PLAIN_TABLE } from "../../text/table.ts";
import { jobJson } from "../../view/job_json.ts";
import { type JobFacts, jobReport } from "../../view/job_report.ts";
import { openSession } from "../capture.ts";
import { captureOptions } from "../capture_options.ts";
import { replaceFile, whyNotReplace } from "../new_file.ts";
import { createRedactFrom } from "../../ask/text/redact.ts";
import { openUsers } from "../../proc/users.ts";
import { type Format, formatOfFile, FORMATS, type Piece } from "../../report/formats.ts";
import { runLines } from "../../report/run_file.ts";
import { Child } from "../watch/child.ts";
import { Collector } from "./collector.ts";
import type { RunOptions } from "./command.ts";

/** What had happened before the end is told by then. */
const SETTLE_MS = 100;
/** How long a child that has ended may be left for the capture to look at. */
const UNBURIED_MS = 500;

/** Runs the command; the exit status of what was run comes back. */
export function runRun(
  context: Context,
  operands: readonly string[],
  options: RunOptions,
): Promise<number> {
  return new Run(context, operands, options).run();
}

class Run {
  readonly #context: Context;
  readonly #options: RunOptions;
  readonly #operands: readonly string[];
  readonly #redact: Redact | undefined;
  #session!: Session;
  #reaper!: Reaper;
  #child: Child | null = null;
  #job: Job | null = null;
  /** Something was to be written, and is not. */
  #isUnwritten = false;
  /** What is to be drawn; null where nobody has asked for it. */
  readonly #collector: Collector | null;
  /** The format of the report; null: the account in words, or as JSON. */
  readonly #format: Format | null;

  constructor(context: Context, operands: readonly string[], options: RunOptions) {
    this.#context = context;
    this.#options = options;
    this.#operands = operands;
    this.#redact = createRedactFrom(options);
    this.#format = formatOf(options);
    const isDrawn = options.save !== undefined || this.#format !== null;
    this.#collector = isDrawn ? new Collector() : null;
  }

  async run(): Promise<number> {
    checkPlace("report", this.#options.report);
    checkPlace("run", this.#options.save);
    this.#reaper = await Reaper.open();
    this.#session = await this.#open();
    const before = this.#reaper.children();
    const began = performance.now();
    const child = Child.start(this.#operands, this.#context, this.#redact);
    this.#child = child;
    this.#job = new Job(child.pid, process.pid);
    this.#session.begin();
    await child.ended;
    if (this.#options.waitAll) await this.#waitForAll();
    const wallNs = (performance.now() - began) * 1e6;
    // The poll source learns of an exit when it looks.
    if (this.#session.info.source === "poll") await pause(SETTLE_MS);
    await this.#session.close();
    await this.#tell(wallNs, difference(this.#reaper.children(), before));
    const status = child.status ?? EXIT.failed;
    return this.#isUnwritten && status === EXIT.done ? EXIT.failed : status;
  }

  async #open(): Promise<Session> {
    const { source } = this.#options;
    const wanted = { act: "follow a command", source, start: this.#context.capture };
    return await openSession(wanted, {
      capture: {
        ...captureOptions(this.#context, this.#options),
        accounts: true,
        lean: this.#collector === null,
        patient: true,
      },
      redact: this.#redact,
      onChange: (change) => this.#see(change),
      onAccount: (one, figures, last) => this.#seeAccount(one, figures, last),
      onEnd: (error) => this.#tellLost(error),
    });
  }

  #see(change: Change): void {
    if (this.#job === null || !this.#job.note(change)) return;
    this.#collector?.note(change);
    const { kind, process: about } = change;
    // Orphans are ours to bury; the command itself is waited for by who has started it.
    if (kind !== "exit" || about === null || about.pid === this.#child!.pid) return;
    if (about.reaper === process.pid || about.ppid === process.pid) this.#reaper.bury(about.pid);
  }

  #seeAccount(about: Process, figures: TaskFigures, last: boolean): void {
    this.#job?.noteAccount(about, figures, last);
    this.#collector?.noteAccount(about, figures);
    if (!last || this.#session.info.accounts !== "zombie") return;
    // An orphan's zombie was looked at: it may be buried. The command is not ours to wait for.
    if (this.#child !== null && about.pid !== this.#child.pid) this.#reaper.bury(about.pid);
  }

  /**
   * All that is left of the job hangs below us: it has ended when we have no children. Where the
   * source reads what zombies have cost, they are buried when it has told that; those that it did
   * not see a little later.
   */
  async #waitForAll(): Promise<void> {
    const { signal } = this.#context;
    const patienceMs = this.#session.info.accounts === "zombie" ? UNBURIED_MS : 0;
    let pauseMs = 5;
    let lookedAt = performance.now();
    while (!signal.aborted) {
      if (this.#job!.living.size === 0 || performance.now() - lookedAt >= patienceMs) {
        if (!this.#reaper.buryAll()) return;
        lookedAt = performance.now();
      }
      await pause(pauseMs, signal);
      pauseMs = Math.min(pauseMs * 1.5, 200);
    }
  }

  /** The capture has ended by itself: the command goes on, and what follows is not known. */
  #tellLost(error: Error | null): void {
    if (error === null) return;
    tell(this.#context, `the account is not complete: ${error.message}`);
  }

  async #tell(wallNs: number, usage: ChildrenUsage): Promise<void> {
    const { info } = this.#session;
    const argv = redactWords(this.#operands, this.#redact);
    const facts: JobFacts = {
      name: this.#options.name ?? argv[0]!,
      argv,
      status: this.#child!.status!,
      signal: this.#child!.signal,
      wallNs,
      job: this.#job!,
      usage,
      source: info.source,
      accounts: info.accounts ?? null,
    };
    await this.#draw(facts);
    const { quiet, report, json } = this.#options;
    if (this.#format !== null || (quiet && report === undefined)) return;
    const { stderr, env } = this.#context;
    const style = report === undefined ? tableStyle(stderr, env, this.#options.color) : PLAIN_TABLE;
    const isJson = json || report?.toLowerCase().endsWith(".json");
    const text = isJson ? `${jsonText(jobJson(facts))}\n` : jobReport(facts, style);
    if (report === undefined) stderr.write(text);
    else this.#write("report", report, [text]);
  }

  /** Writes what is made of the single processes, where that is asked for. */
  async #draw(facts: JobFacts): Promise<void> {
    const { save, report } = this.#options;
    if (this.#collector === null) return;
    const spans = this.#collector.spans(facts, this.#child!.pid, openUsers());
    if (save !== undefined) this.#write("run", save, runLines(spans));
    if (this.#format === null) return;
    const settings = { weight: "wall", now: this.#context.now() } as const;
    this.#write("report", report!, await this.#format.write(spans, settings));
  }

  /** Nobody else may read what a command has run. What cannot be written costs nothing else. */
  #write(what: string, path: string, pieces: Iterable<Piece>): void {
    try {
      replaceFile(path, pieces);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      tell(this.#context, `Cannot write the ${what} to ${path}: ${code ?? message}`);
      this.#isUnwritten = true;
    }
  }
}

/** The format that is named, or that the name of the file ends with; `--json` is the account. */
function formatOf({ report, format, json }: RunOptions): Format | null {
  if (format !== undefined) {
    if (json) throw new UsageError("Bad options: --json with --format; take one of them");
    if (report === undefined) {
      throw new UsageError("Missing file: --format is that of --report; give both");
    }
    return FORMATS.find(({ name }) => name === format)!;
  }
  return json || report === undefined ? null : formatOfFile(report);
}

/** It is said before the command runs that what is written of it would have no place. */
function checkPlace(what: string, path: string | undefined): void {
  if (path === undefined) return;
  const folder = dirname(path);
  const why = existsSync(folder) ? whyNotReplace(path) : `there is no folder ${folder}`;
  if (why === null) return;
  const words = `Cannot write the ${what} to ${path}: ${why}; give the path of a file`;
  throw new CommandError(EXIT.failed, words);
}

/** What was used since; the largest size is that of all time. */
function difference(now: ChildrenUsage, before: ChildrenUsage): ChildrenUsage {
  const entries = Object.entries(now).map(([name, value]: [string, number | null]) => [
    name,
    name === "peakBytes" ? value : value! - before[name as keyof ChildrenUsage]!,
  ]);
  return Object.fromEntries(entries) as unknown as ChildrenUsage;
}
