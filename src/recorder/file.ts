/**
 * The history file of a recorder: what happens is written to it, what is old forgotten, and it is
 * opened again where it was moved away.
 *
 * @module
 */
import process from "node:process";
import { CommandError, EXIT } from "../fault.ts";
import { openForRecording, prepareFile, type WritableHistory } from "../history/file.ts";
import type { FilePlace } from "../history/file_place.ts";
import { explainSql, HistoryError, mayPass } from "../history/history_error.ts";
import { ROW_BYTES } from "../history/ledger.ts";
import type { LateGap } from "../history/late_gaps.ts";
import { Retention, type RetentionLimits } from "../history/retention.ts";
import { HistoryWriter } from "../history/writer.ts";
import { localTime } from "../host/local_time.ts";
import type { ServiceManager } from "../host/notify.ts";
import type { Change } from "../model/machine.ts";
import type { Process } from "../model/process.ts";
import { readBootId } from "../proc/boot_id.ts";
import { openProcfs } from "../proc/procfs.ts";
import type { Session } from "../session.ts";
import { durationWords, sizeWords } from "../text/words.ts";
import { VERSION } from "../version.ts";
import { type Content, FileFacts, type HistoryFacts } from "./file_facts.ts";
import type { RecordedFindings } from "./findings.ts";
import type { RecordedJobs } from "./jobs.ts";
import type { RecordedPrograms } from "./programs.ts";
import type { RecordedSamples } from "./samples.ts";
import { RecordedPast } from "./served_past.ts";
import type { Sink } from "./sink.ts";
import type { World } from "./world.ts";

/** What has happened is in the file after so long. */
const FLUSH_MS = 500;
/** So many new processes, and so many bytes of them and what they run, are not kept waiting. */
const FLUSH_AT = 4000;
const FLUSH_AT_BYTES = 4 << 20;
/** Whether the file is still where it was is looked at so often while nothing happens. */
const PLACE_MS = 2000;
/** A disk that was full is tried again after so long. */
const RETRY_MS = 1000;

/** Which file, and what it keeps. */
export interface FileSettings {
  readonly path: string;
  readonly limits: RetentionLimits;
  /** Whether command lines are kept. */
  readonly argv: boolean;
  /** Whether it is noted each minute what the living have used. */
  readonly samples?: boolean;
}

/** What is written beside the lives and the jobs; null where it is not. */
export interface Beside {
  readonly findings: RecordedFindings | null;
  readonly samples: RecordedSamples | null;
  readonly programs: RecordedPrograms | null;
}

/** Who is told when it can go on no longer. */
export interface FileOwner {
  /** It ends with that error. */
  failed(error: unknown): void;
  /** The same, and there is no file any more: nobody is to be told anything. */
  lost(error: unknown): void;
}

/** Writes what a session tells. */
export class RecordedFile implements Sink {
  readonly path: string;
  /** What it has, for who asks for the past. */
  readonly past: RecordedPast;
  readonly #settings: FileSettings;
  readonly #world: World;
  readonly #manager: ServiceManager;
  readonly #beside: Beside;
  readonly #owner: FileOwner;
  #session!: Session;
  #jobs!: RecordedJobs;
  #file: WritableHistory | null = null;
  #writer: HistoryWriter | null = null;
  #retention!: Retention;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #places: ReturnType<typeof setInterval> | null = null;
  #failing = false;
  #facts!: FileFacts;
  /** Up to where all is written, nanoseconds since boot; null: nothing waits. */
  #waitsSince: number | null = null;
  #begun = false;
  /** A SIGHUP came while it was starting. */
  #reopenDue = false;
  /** The file is gone, and there is no place for a new one. */
  #homeless = false;

  constructor(
    settings: FileSettings,
    world: World,
    manager: ServiceManager,
    beside: Beside,
    owner: FileOwner,
  ) {
    this.path = settings.path;
    this.past = new RecordedPast(this.path, world.users, () => this.write(), () => world.now());
    this.#settings = settings;
    this.#world = world;
    this.#manager = manager;
    this.#beside = beside;
    this.#owner = owner;
  }

  /** Opens it; throws HistoryError. */
  open(): void {
    this.#file = openForRecording(this.path);
  }

  /** Begins a run, with a session that has told nothing yet. */
  start(session: Session, jobs: RecordedJobs): void {
    this.#session = session;
    this.#jobs = jobs;
    this.#startRun(false);
  }

  /** All others are there: from now on it may be opened again. */
  begin(): void {
    this.#begun = true;
    if (this.#reopenDue) this.#reopen();
    this.#places = setInterval(() => this.#checkPlace(), PLACE_MS);
  }

  /** Whether it takes nothing at the moment. */
  get failing(): boolean {
    return this.#failing;
  }

  get where(): string {
    return this.path;
  }

  get intro(): string {
    const { keepMs, maxBytes } = this.#settings.limits;
    const keep = keepMs === Infinity ? "for ever" : `for ${durationWords(keepMs * 1e6)}`;
    return `recording to ${this.path}, ${keep}, up to ${sizeWords(maxBytes)}`;
  }

  note(change: Change): void {
    this.#writer!.note(change);
  }

  noteAccount(process: Process): void {
    this.#writer!.noteAccount(process);
  }

  scanned(): void {
    this.#writer!.scanned();
  }

  flush(): void {
    const { waiting, waitingBytes, dirty } = this.#writer!;
    const most = Math.min(FLUSH_AT_BYTES, this.#settings.limits.maxBytes / 32);
    const bytes = waiting * ROW_BYTES.life + waitingBytes;
    if ((waiting >= FLUSH_AT || bytes >= most) && !this.#failing) this.#flush();
    else if (dirty) {
      this.#waitsSince ??= this.#session.told;
      this.#flushIn(FLUSH_MS);
    }
  }

  /** What metrics tell of it. */
  get facts(): HistoryFacts {
    const lagNs = this.#waitsSince === null ? 0 : this.#session.now - this.#waitsSince;
    return {
      ...this.#settings.limits,
      ...this.#facts.read(),
      lagNs: Math.max(0, lagNs),
      isWritable: !this.#failing,
    };
  }

  /** Gaps that have come about in it since that was asked last. */
  lateGaps(): LateGap[] {
    return this.#facts.lateGaps();
  }

  /** Writes what waits, unless a full disk is tried again soon; whether it is in the file. */
  write(): boolean {
    if (!this.#failing) this.#flush();
    return !this.#failing;
  }

  /** SIGHUP: the file may have been moved away. */
  hangUp(): true {
    if (this.#begun) this.#reopen();
    else this.#reopenDue = true;
    return true;
  }

  /** The end has begun; what the session still has in hand is told after that. */
  stop(): void {
    if (this.#places !== null) clearInterval(this.#places);
    this.#cancel();
  }

  close(): void {
    this.#cancel();
    if (this.#writer !== null) this.#checkPlace();
    if (this.#file === null) return;
    this.#writer?.end(this.#session.told, this.#session.epoch);
    const failing = this.#writer?.failing ?? null;
    const kept = this.#writer === null ? null : this.#facts.read();
    this.#file.close();
    if (failing === null) {
      if (kept !== null) this.#world.say(keptWords(this.path, kept));
      return;
    }
    const what = `Cannot write the last to ${this.path}`;
    throw new CommandError(EXIT.failed, `${what}: ${failing}; make room on that disk`);
  }

  /** What is wrong with the file, where that is what stopped it: others may have made it. */
  explained(error: unknown): unknown {
    return error instanceof CommandError ? error : explainSql(this.path, error);
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
    const { info, machine, epoch, told, beganAt } = this.#session;
    const bootId = readBootId(openProcfs(this.#world.procRoot));
    const jobs = this.#jobs.open(file);
    const findings = this.#beside.findings?.open(file, bootId);
    const samples = this.#beside.samples?.open(file, this.#settings.limits);
    const programs = this.#beside.programs?.open(file);
    const writer = this.#writer = new HistoryWriter(file, {
      bootId,
      pid: process.pid,
      since: continued ? told : beganAt,
      epoch,
      source: info.source,
      why: info.why,
      version: VERSION,
      accounts: info.accounts ?? null,
      findings: findings !== undefined,
      ...this.#settings.limits,
      continued,
      argv: this.#settings.argv,
      processes: () => machine.processes(),
      also: [jobs, findings, samples, programs].filter((one) => one !== undefined),
    });
    this.#jobs.begin(jobs, bootId);
    const { db, ledger } = file;
    this.#facts = new FileFacts(this.path, file, this.past);
    this.#retention = new Retention(db, this.#settings.limits, ledger, () => writer.forgetTexts());
  }

  #flushIn(ms: number): void {
    this.#timer ??= setTimeout(() => this.#flush(), ms);
  }

  #cancel(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #flush(): void {
    this.#checkPlace();
    this.#cancel();
    try {
      const writer = this.#writer!;
      writer.flush(this.#session.told, this.#session.epoch);
      this.#tellFailing(writer.failing);
      if (this.#failing) this.#flushIn(RETRY_MS);
      else {
        this.#waitsSince = null;
        this.#retention.work(this.#world.now());
        writer.sums.work(this.#session.told);
      }
    } catch (error) {
      // Where there is no room to forget something, the next flush says so, or has some.
      if (mayPass(error)) this.#flushIn(RETRY_MS);
      else this.#owner.failed(this.#writeFailure(error));
    }
  }

  #tellFailing(why: string | null): void {
    if (this.#failing === (why !== null)) return;
    this.#failing = why !== null;
    const text = why === null
      ? `recording to ${this.path} again`
      : `cannot write to ${this.path}: ${why}; trying again each second`;
    this.#world.say(text);
    this.#manager.status(text);
  }

  #writeFailure(error: unknown): unknown {
    const explained = this.explained(error);
    if (explained instanceof HistoryError) return explained;
    const what = `Cannot write to ${this.path}`;
    const { message } = error as Error;
    return new CommandError(EXIT.failed, `${what}: ${message}; move it away and start again`);
  }

  /** A file that was deleted or moved would be filled until the end, and nobody would see it. */
  #checkPlace(): void {
    const place = this.#file?.place ?? "there";
    if (place === "there") return;
    try {
      prepareFile(this.path);
    } catch (error) {
      if (!(error instanceof HistoryError)) throw error;
      const what = `${lossText(this.path, place)}, and ${error.message}`;
      if (!this.#homeless) this.#world.say(what);
      this.#homeless = true;
      return;
    }
    this.#homeless = false;
    const next = place === "alone"
      ? "it is opened again"
      : "what lives goes to a new one from now on";
    this.#reopen(`${lossText(this.path, place)}; ${next}`);
  }

  /** Opens the file again: where it was moved away a new one is begun. */
  #reopen(why: string | null = null): void {
    this.#manager.reloading();
    const { machine, told, epoch, info } = this.#session;
    try {
      // What has happened since then is yet to come: it belongs to the new file.
      const before = this.#writer!;
      before.end(told, epoch);
      this.#file!.close();
      this.#file = null;
      this.open();
      for (const process of machine.processes()) process.key = 0;
      this.past.reopened();
      this.#startRun(true);
      this.#writer!.takeOver(machine.processes(), told, before.unwritten);
      this.#flush();
      this.#world.say(why ?? `recording to ${this.path}, opened again`);
      this.#manager.ready(`${info.source}, ${this.path}`);
    } catch (error) {
      if (this.#file === null) this.#owner.lost(error);
      else this.#owner.failed(error);
    }
  }
}

/** What somebody has who has kept it. */
function keptWords(path: string, { rows, bytes, oldest }: Content): string {
  const since = oldest === null ? "" : ` since ${localTime(oldest * 1000)}`;
  return `kept ${rows} processes${since} in ${path}, ${
    sizeWords(bytes)
  }; fh log and fh why read it`;
}

/** What has become of a file. */
function lossText(path: string, place: FilePlace): string {
  if (place === "deleted") return `${path} was deleted, and all that it had with it`;
  if (place === "moved") return `${path} was moved away or replaced`;
  return `the log or the lock of ${path} was deleted`;
}
