/**
 * What `fh record` does: a session whose changes go to a history file.
 *
 * @module
 */
import process from "node:process";
import type { Context } from "../../cli/command.ts";
import { CommandError, EXIT } from "../../fault.ts";
import { openForRecording, prepareFile, type WritableHistory } from "../../history/file.ts";
import type { FilePlace } from "../../history/file_place.ts";
import { explainSql, HistoryError, mayPass } from "../../history/history_error.ts";
import { ROW_BYTES } from "../../history/ledger.ts";
import { defaultHistory } from "../../history/place.ts";
import { Retention, type RetentionLimits } from "../../history/retention.ts";
import { HistoryWriter } from "../../history/writer.ts";
import { ServiceManager } from "../../host/notify.ts";
import { ignoreStraySignals } from "../../host/stray.ts";
import { openThreadClock } from "../../host/thread_clock.ts";
import { CommonShares } from "../../model/common_shares.ts";
import { readBootId } from "../../proc/boot_id.ts";
import { openProcfs } from "../../proc/procfs.ts";
import { openUsers } from "../../proc/users.ts";
import { Session } from "../../session.ts";
import { type CaptureOptions, SourceRefused } from "../../source/capture.ts";
import { durationWords, sizeWords } from "../../text/words.ts";
import { VERSION } from "../../version.ts";
import { captureOptions } from "../capture_options.ts";
import { historyFailure } from "../../ask/history_failure.ts";
import { RecordedJobs } from "../recorded_jobs.ts";
import { createRedactFrom } from "../../ask/text/redact.ts";
import { RecordedPast } from "../serve_past.ts";
import { SocketServer } from "../socket_server.ts";
import type { RecordOptions } from "./command.ts";
import { printedUnit } from "./unit.ts";

const KEEP_NS = 7 * 86_400e9;
const MAX_BYTES = 2 ** 30;
/** What has happened is in the file after so long. */
const FLUSH_MS = 500;
/** So many new processes, and so many bytes of them and what they run, are not kept waiting. */
const FLUSH_AT = 4000;
const FLUSH_AT_BYTES = 4 << 20;
/** Whether the file is still where it was is looked at so often while nothing happens. */
const PLACE_MS = 2000;
/** A disk that was full is tried again after so long. */
const RETRY_MS = 1000;
/** Of the environment: where a login came from, and which timer started a unit. */
const ENVIRONMENT = ["SSH_CONNECTION", "TRIGGER_UNIT"];

/** Runs the command; the exit status comes back. */
export async function runRecord(
  context: Context,
  options: RecordOptions,
): Promise<number> {
  if (options.printUnit || options.printSocketUnit) {
    context.stdout.write(printedUnit(options));
    return EXIT.done;
  }
  if (options.status) {
    const { runStatus } = await import("./status.ts");
    return runStatus(context, options);
  }
  const shares = CommonShares.of(await openThreadClock());
  return await new Recorder(context, options, shares).run();
}

/** What has become of a file. */
function lossText(path: string, place: FilePlace): string {
  if (place === "deleted") return `${path} was deleted, and all that it had with it`;
  if (place === "moved") return `${path} was moved away or replaced`;
  return `the log or the lock of ${path} was deleted`;
}

class Recorder {
  readonly #context: Context;
  readonly #options: RecordOptions;
  readonly #path: string;
  readonly #limits: RetentionLimits;
  readonly #done = Promise.withResolvers<void>();
  readonly #manager: ServiceManager;
  readonly #shares: CommonShares;
  readonly #users = openUsers();
  readonly #jobs: RecordedJobs;
  #file: WritableHistory | null = null;
  #writer!: HistoryWriter;
  #retention!: Retention;
  #session!: Session;
  #server: SocketServer | null = null;
  #scanned = false;
  #past: RecordedPast | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #failing = false;
  #begun = false;
  /** A SIGHUP came while it was starting. */
  #reopenDue = false;
  /** The file is gone, and there is no place for a new one. */
  #lost = false;
  #places: ReturnType<typeof setInterval> | null = null;

  constructor(context: Context, options: RecordOptions, shares: CommonShares) {
    this.#context = context;
    this.#options = options;
    this.#shares = shares;
    this.#path = options.db ?? defaultHistory(context.env);
    // Whoever waits for it is told; an error may come before.
    this.#done.promise.catch(() => {});
    const { keep = KEEP_NS, maxSize = MAX_BYTES } = options;
    this.#limits = { keepMs: keep / 1e6, maxBytes: maxSize };
    this.#manager = ServiceManager.open(context.env);
    this.#jobs = new RecordedJobs({
      path: this.#path,
      session: () => this.#session,
      reader: openProcfs(context.procRoot),
      users: this.#users,
      shares: this.#shares,
      write: () => void this.#flushNow(),
      failing: () => this.#failing,
      say: (text) => this.#say(text),
    });
  }

  async run(): Promise<number> {
    try {
      return await this.#record();
    } catch (error) {
      throw this.#explained(error);
    }
  }

  /** What is wrong with the file, where that is what stopped it: others may have made it. */
  #explained(error: unknown): unknown {
    return error instanceof CommandError ? error : explainSql(this.#path, error);
  }

  async #record(): Promise<number> {
    const { signal, onSignal } = this.#context;
    await ignoreStraySignals();
    onSignal?.((name) => name === "SIGHUP" && this.#hangUp());
    this.#openFile();
    const stop = () => this.#done.resolve();
    try {
      this.#session = await this.#openSession();
      this.#startRun(false);
      // Rules that are kept may name somebody; from now on events wait for nobody.
      this.#users.live();
      this.#server = await this.#openServer();
      signal.addEventListener("abort", stop);
      if (signal.aborted) stop();
      this.#session.begin();
      if (this.#scanned) this.#server?.scanned();
      this.#announce();
      this.#begun = true;
      if (this.#reopenDue) this.#reopen();
      this.#places = setInterval(() => this.#checkPlace(), PLACE_MS);
      await this.#done.promise;
    } finally {
      this.#context.onSignal?.(null);
      signal.removeEventListener("abort", stop);
      await this.#close();
    }
    return EXIT.done;
  }

  #openFile(): void {
    try {
      this.#file = openForRecording(this.#path);
    } catch (error) {
      throw error instanceof HistoryError ? historyFailure(error) : error;
    }
  }

  async #openSession(): Promise<Session> {
    const { source } = this.#options;
    const capture: CaptureOptions = {
      ...captureOptions(this.#context, this.#options),
      env: ENVIRONMENT,
      accounts: this.#options.accounts,
    };
    const redact = createRedactFrom(this.#options);
    try {
      return await Session.open({
        capture,
        redact,
        time: this.#shares.time,
        onChange: (change) => {
          // Where the file is refused, what the capture still had in hand is told to nobody.
          if (this.#file === null) return;
          // The number of a new process comes first.
          this.#writer.note(change);
          this.#jobs.note(change);
          this.#server?.note(change);
        },
        onAccount: (process, _figures, last) => {
          if (!last || this.#file === null) return;
          this.#writer.noteAccount(process);
          this.#jobs.noteAccount(process);
        },
        onThread: (time, process, tid) => this.#server?.noteThread(time, process, tid),
        onScanned: () => this.#file !== null && this.#afterScan(),
        onBatch: () => this.#file !== null && this.#afterBatch(),
        onNote: (text) => this.#say(text),
        onEnd: (error) => error === null ? this.#done.resolve() : this.#done.reject(error),
      }, this.#context.capture);
    } catch (error) {
      if (!(error instanceof SourceRefused)) throw error;
      const what = `Cannot record through the ${source}`;
      throw new CommandError(EXIT.failed, `${what}: ${error.message}; ${error.advice}`);
    }
  }

  /** Where there is no place to listen, the history is kept all the same. */
  async #openServer(): Promise<SocketServer | null> {
    const bootId = readBootId(openProcfs(this.#context.procRoot));
    const past = this.#past = new RecordedPast(this.#path, this.#users, () => this.#flushNow());
    try {
      return await SocketServer.open(this.#context, this.#session, {
        ...this.#options,
        redact: this.#options,
        jobs: this.#jobs.requests,
        shares: this.#shares,
        users: this.#users,
        history: { path: this.#path, past, base: past.baseOf(bootId) },
        onFailed: (error) => this.#done.reject(error),
      });
    } catch (error) {
      const { socket, socketGroup } = this.#options;
      const asked = socket !== undefined || socketGroup !== undefined;
      if (asked || !(error instanceof CommandError)) throw error;
      this.#say(`no socket: ${error.message}`);
      return null;
    }
  }

  #startRun(continued: boolean): void {
    const file = this.#file!;
    try {
      this.#startIn(file, continued);
    } catch (error) {
      this.#file = null;
      file.close();
      throw error;
    }
  }

  #startIn(file: WritableHistory, continued: boolean): void {
    const { info, machine, epoch } = this.#session;
    const bootId = readBootId(openProcfs(this.#context.procRoot));
    const jobs = this.#jobs.open(file);
    this.#writer = new HistoryWriter(file, {
      bootId,
      pid: process.pid,
      since: continued ? this.#session.told : this.#session.beganAt,
      epoch,
      source: info.source,
      why: info.why,
      version: VERSION,
      accounts: info.accounts ?? null,
      continued,
      argv: this.#options.argv,
      processes: () => machine.processes(),
      also: jobs,
    });
    this.#jobs.begin(jobs, bootId);
    const { db, ledger } = file;
    this.#retention = new Retention(db, this.#limits, ledger, () => this.#writer.forgetTexts());
  }

  #announce(): void {
    const { info } = this.#session;
    const { keepMs, maxBytes } = this.#limits;
    const keep = keepMs === Infinity ? "for ever" : `for ${durationWords(keepMs * 1e6)}`;
    const how = `${keep}, up to ${sizeWords(maxBytes)}`;
    this.#say(`source ${info.source}: ${info.why}`);
    this.#say(`recording to ${this.#path}, ${how}`);
    if (this.#server !== null) this.#say(`listening on ${this.#server.where}`);
    this.#manager.ready(`${info.source}, ${this.#path}`);
  }

  #say(text: string): void {
    if (!this.#options.quiet) this.#context.stderr.write(`fh: ${text}\n`);
    void this.#context.stderr.flush().catch(() => {});
  }

  #afterScan(): void {
    this.#writer.scanned();
    this.#jobs.scanned();
    this.#scanned = true;
    this.#server?.scanned();
  }

  #afterBatch(): void {
    this.#server?.flush();
    const { waiting, waitingBytes, dirty } = this.#writer;
    const most = Math.min(FLUSH_AT_BYTES, this.#limits.maxBytes / 32);
    const bytes = waiting * ROW_BYTES.life + waitingBytes;
    if ((waiting >= FLUSH_AT || bytes >= most) && !this.#failing) this.#flush();
    else if (dirty) this.#flushIn(FLUSH_MS);
  }

  /** Writes what waits, unless a full disk is tried again soon; whether it is in the file. */
  #flushNow(): boolean {
    if (!this.#failing) this.#flush();
    return !this.#failing;
  }

  #flushIn(ms: number): void {
    this.#timer ??= setTimeout(() => this.#flush(), ms);
  }

  /** A file that was deleted or moved would be filled until the end, and nobody would see it. */
  #checkPlace(): void {
    const place = this.#file?.place ?? "there";
    if (place === "there") return;
    try {
      prepareFile(this.#path);
    } catch (error) {
      if (!(error instanceof HistoryError)) throw error;
      if (!this.#lost) this.#say(`${lossText(this.#path, place)}, and ${error.message}`);
      this.#lost = true;
      return;
    }
    this.#lost = false;
    const next = place === "alone"
      ? "it is opened again"
      : "what lives goes to a new one from now on";
    this.#reopen(`${lossText(this.#path, place)}; ${next}`);
  }

  #flush(): void {
    this.#checkPlace();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    try {
      this.#writer.flush(this.#session.told, this.#session.epoch);
      this.#tellFailing(this.#writer.failing);
      if (this.#failing) this.#flushIn(RETRY_MS);
      else this.#retention.work(Date.now());
    } catch (error) {
      // Where there is no room to forget something, the next flush says so, or has some.
      if (mayPass(error)) this.#flushIn(RETRY_MS);
      else this.#done.reject(this.#writeFailure(error));
    }
  }

  #tellFailing(why: string | null): void {
    if (this.#failing === (why !== null)) return;
    this.#failing = why !== null;
    const text = why === null
      ? `recording to ${this.#path} again`
      : `cannot write to ${this.#path}: ${why}; trying again each second`;
    this.#say(text);
    this.#manager.status(text);
  }

  #writeFailure(error: unknown): CommandError {
    const explained = this.#explained(error);
    if (explained instanceof HistoryError) return historyFailure(explained);
    const what = `Cannot write to ${this.#path}`;
    const { message } = error as Error;
    return new CommandError(EXIT.failed, `${what}: ${message}; move it away and start again`);
  }

  /** SIGHUP: the file may have been moved away. */
  #hangUp(): true {
    if (this.#begun) this.#reopen();
    else this.#reopenDue = true;
    return true;
  }

  /** Opens the file again: where it was moved away a new one is begun. */
  #reopen(why: string | null = null): void {
    this.#manager.reloading();
    const { machine, told, epoch } = this.#session;
    try {
      // What has happened since then is yet to come: it belongs to the new file.
      this.#writer.end(told, epoch);
      const { unwritten } = this.#writer;
      this.#file!.close();
      this.#file = null;
      this.#openFile();
      for (const process of machine.processes()) process.key = 0;
      this.#past?.reopened();
      this.#startRun(true);
      this.#writer.takeOver(machine.processes(), told, unwritten);
      this.#flush();
      this.#say(why ?? `recording to ${this.#path}, opened again`);
      this.#manager.ready(`${this.#session.info.source}, ${this.#path}`);
    } catch (error) {
      this.#done.reject(error);
    }
  }

  async #close(): Promise<void> {
    this.#manager.stopping();
    if (this.#places !== null) clearInterval(this.#places);
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    // What the capture still had in hand is told before it ends.
    await this.#session?.close();
    await this.#server?.close();
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#writer !== undefined) this.#checkPlace();
    if (this.#file === null) return;
    if (this.#writer !== undefined) this.#writer.end(this.#session.told, this.#session.epoch);
    const failing = this.#writer?.failing ?? null;
    this.#file.close();
    if (failing === null) return;
    const what = `Cannot write the last to ${this.#path}`;
    throw new CommandError(EXIT.failed, `${what}: ${failing}; make room on that disk`);
  }
}
