/**
 * From changes of processes to rows: what has changed since the last flush is written at once,
 * so that a process that came and went in between costs one row and one write.
 *
 * @module
 */
import type { BootEpoch } from "../model/batch.ts";
import { GAP_REASON, GAP_WORDS } from "../model/event.ts";
import type { Companion } from "./companion.ts";
import { Change } from "../model/machine.ts";
import type { Process } from "../model/process.ts";
import { costOf } from "./cost.ts";
import type { WritableHistory } from "./file.ts";
import { mayPass } from "./history_error.ts";
import { HourSums } from "./hour_sums.ts";
import { type Ledger, partOf, ROW_BYTES } from "./ledger.ts";
import { isEmptied, type LifeStatements, prepareLives, spanOf } from "./life_statements.ts";
import { type OpenLife, type RunFacts, RunLog } from "./run_log.ts";
import { FORGOTTEN_IMAGE, LIFE_FLAG, NO_EXEC, NTH_SHIFT } from "./schema.ts";
import { ImageStore } from "./texts.ts";
import {
  addGap,
  bytesWaiting,
  dropHeaviest,
  FORMER_COST,
  type Gap,
  imageBytes,
  type Unwritten,
  type Waiting,
} from "./waiting.ts";

/** What waits for room on the disk; what is beyond is dropped and counted, by user. */
export const WRITER_LIMITS = {
  lives: 100_000,
  /** Bytes of images. */
  images: 40 << 20,
} as const;

/** `key` of a process that was dropped: it is counted as lost as long as it is in no row. */
const DROPPED = -1;

/** Images of one process that are kept: names change more often than programs. */
const CHANGES_MAX = 100;

/** How a recorder writes. */
export interface WriterOptions extends RunFacts {
  /** Whether command lines are stored. */
  readonly argv: boolean;
  /** Every process that is known, dead ones included: what was dropped is taken from here. */
  processes(): Iterable<Process>;
  /** What else is written, in the same transaction, once all processes have their rows. */
  readonly also?: readonly Companion[];
}

/** An image that a process took itself, not by inheritance. */
interface OwnImage {
  /** When, by an exec that was seen; null when not. */
  since: number | null;
  /** How many images it has had. */
  readonly changes: number;
}

/** Writes the changes of one run. */
export class HistoryWriter {
  /** What has ended by the hour. */
  readonly sums: HourSums;
  readonly #ledger: Ledger;
  readonly #options: WriterOptions;
  readonly #also: readonly Companion[];
  readonly #images: ImageStore;
  readonly #run: RunLog;
  readonly #statements: LifeStatements;
  /** Not yet in the file. */
  #waiting: Waiting = { fresh: [], parents: [], former: [] };
  /** In the file, but other. */
  readonly #changed = new Set<Process>();
  /** Flags that are not told by the process itself. */
  readonly #flags = new Map<Process, number>();
  #gaps: Gap[] = [];
  #waitingBytes = 0;
  readonly #own = new WeakMap<Process, OwnImage>();
  /** Lives of an earlier run on this boot that the first scan has not shown yet, by pid. */
  readonly #left: Map<number, OpenLife>;
  /** Those it has shown. */
  readonly #adopted = new Map<Process, OpenLife>();
  /** Their rows: /proc tells `born` to a tick only, and of who is half dead no image. */
  readonly #rows = new WeakMap<Process, OpenLife>();
  /** Read by the first scan: what was not known then may be known when it is over. */
  #scanned: Process[] = [];
  #lastKey: number;
  /** Up to this key everything is in the file. */
  #stored: number;
  #events = 0;
  #lost = 0;
  /** When writing began to fail; null while it works. */
  #failingSince: number | null = null;
  #failing: string | null = null;
  /** Lives that were dropped and stand in no row nor wait for one. */
  #dropped = 0;

  /** Begins a run. */
  constructor({ db, ledger }: Pick<WritableHistory, "db" | "ledger">, options: WriterOptions) {
    this.#ledger = ledger;
    this.#options = options;
    this.#also = options.also ?? [];
    this.#images = new ImageStore(db, options.argv);
    this.#run = new RunLog(db, options);
    this.sums = new HourSums({ db, ledger }, this.#run.boot);
    this.#left = this.#run.openLives;
    this.#statements = prepareLives(db);
    const row = db.prepare("SELECT max(id) AS id FROM life").get();
    this.#stored = this.#lastKey = Number(row?.["id"] ?? 0);
  }

  /** Whether anything waits to be written. */
  get dirty(): boolean {
    const waits = this.#waiting.fresh.length > 0 || this.#changed.size > 0 || this.#gaps.length > 0;
    return waits || this.#also.some(({ dirty }) => dirty);
  }

  /** Lives that wait to be written for the first time. */
  get waiting(): number {
    return this.#waiting.fresh.length;
  }

  /** Bytes of what those and others have run that is not written, about. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Why the last write failed; null when it worked. */
  get failing(): string | null {
    return this.#failing;
  }

  /** What waits when writing has failed; null when nothing is missing. */
  get unwritten(): Unwritten | null {
    if (this.#failingSince === null) return null;
    const ended = this.#waiting.fresh.filter(({ alive }) => !alive).length;
    return { since: this.#failingSince, lost: this.#dropped + ended };
  }

  /** Takes over what another writer knew at a time (ns since boot), and has left unwritten. */
  takeOver(processes: Iterable<Process>, now: number, left: Unwritten | null): void {
    if (left !== null && left.lost > 0) {
      this.#gaps.push({ ...left, until: now, reason: GAP_WORDS[GAP_REASON.full]! });
    }
    const change = new Change();
    change.kind = "snapshot";
    change.time = now;
    for (const process of processes) {
      if (!process.alive) continue;
      change.process = process;
      this.note(change);
    }
    this.scanned();
  }

  /** Takes note of a change. */
  note(change: Change): void {
    const { process, kind } = change;
    if (process === null) {
      this.#addGap(change);
      return;
    }
    this.#events++;
    if (process.key <= 0) this.#meet(process, change);
    else if (process.key <= this.#stored) this.#changed.add(process);
    if (kind === "exec") this.#replace(process, change, true);
    else if (kind === "comm" && change.inferred) this.#complete(process);
    else if (kind === "comm" || kind === "uid") this.#replace(process, change, false);
    else if (kind === "exit" && change.inferred) this.#flag(process, LIFE_FLAG.endInferred);
  }

  /** What a process has cost is known. */
  noteAccount(process: Process): void {
    if (process.key > 0 && process.key <= this.#stored) this.#changed.add(process);
  }

  /** The first scan is over: what an earlier run left open and nobody has seen is closed. */
  scanned(): void {
    for (const process of this.#scanned) {
      // A zombie from before: nobody has told its exit.
      if (!process.alive) this.#flag(process, LIFE_FLAG.endInferred);
      if (process.key <= this.#stored) this.#changed.add(process);
    }
    this.#scanned = [];
    if (this.#left.size === 0) return;
    this.#run.closeLater([...this.#left.values()]);
    this.#left.clear();
  }

  /**
   * Writes what waits, in one transaction. Where there is no room it stays, up to a bound; what
   * is beyond is dropped, and told as a gap once there is room.
   *
   * @throws The file cannot be written and never will.
   */
  flush(now: number, epoch: BootEpoch): void {
    if (this.#dropped > 0) this.#takeUpDropped();
    try {
      this.#ledger.write(() => this.#write(now, epoch));
    } catch (error) {
      this.#giveUp(now, error);
      return;
    }
    this.#stored = this.#lastKey;
    this.#failingSince = null;
    this.#failing = null;
    this.#dropped = 0;
    this.#waiting = { fresh: [], parents: [], former: [] };
    this.#waitingBytes = 0;
    this.#gaps = [];
    this.#changed.clear();
    this.#flags.clear();
    this.#adopted.clear();
    this.#run.committed();
    for (const one of this.#also) one.committed();
  }

  /** Writes the last, and that the run has ended on purpose. */
  end(now: number, epoch: BootEpoch): void {
    this.#run.end(now);
    this.flush(now, epoch);
  }

  /** Old rows were deleted. */
  forgetTexts(): void {
    this.#images.forget();
  }

  #meet(process: Process, change: Change): void {
    const { kind } = change;
    const left = kind === "snapshot" ? this.#leftBy(process) : undefined;
    if (left === undefined) {
      if (this.#waiting.fresh.length >= WRITER_LIMITS.lives) this.#dropWaiting();
      this.#register(process);
    } else {
      process.key = left.id;
      this.#left.delete(process.pid);
      this.#adopted.set(process, left);
      this.#rows.set(process, left);
      this.#changed.add(process);
    }
    if (kind === "snapshot") {
      this.#scanned.push(process);
      this.#count(imageBytes(process.image));
    }
    if (kind === "snapshot" || (change.inferred && kind === "fork")) {
      if (left === undefined) this.#flag(process, LIFE_FLAG.found);
      const since = left !== undefined && left.exec >= 0 ? left.born + left.exec : null;
      this.#own.set(process, { since, changes: 1 });
    } else if (kind !== "fork") {
      this.#flag(process, LIFE_FLAG.found);
    } else if (process.parent !== null && this.#changesOf(process.parent) >= CHANGES_MAX) {
      // Not every image of the parent is kept: this one is the child's own.
      this.#own.set(process, { since: null, changes: 1 });
    }
  }

  /** What waits takes so much more; there is no end of it while the disk is full. */
  #count(bytes: number): void {
    this.#waitingBytes += bytes;
    if (this.#waitingBytes > WRITER_LIMITS.images && this.#failing !== null) this.#dropWaiting();
  }

  #changesOf(process: Process): number {
    return this.#own.get(process)?.changes ?? 0;
  }

  /** The open life of an earlier run that `process` is; its start is known to a tick. */
  #leftBy(process: Process): OpenLife | undefined {
    const left = this.#left.get(process.pid);
    if (left === undefined || Math.abs(left.ticks - process.startTicks) > 1) return undefined;
    return left;
  }

  #register(process: Process): void {
    if (process.key === DROPPED) this.#dropped--;
    process.key = ++this.#lastKey;
    this.#waiting.fresh.push(process);
    this.#waiting.parents.push(process.parent);
  }

  /** A process has another image: by an exec that was seen, or by a new name or user. */
  #replace(process: Process, change: Change, seen: boolean): void {
    const { time: until, before: image, uidBefore: uid } = change;
    const own = this.#own.get(process);
    // What an exec ends that was inherited, is found at the parent. A name that is changed again
    // and again is no history.
    const isKept = own === undefined ? !seen : seen || own.changes < CHANGES_MAX;
    const since = own?.since ?? null;
    if (isKept) this.#waiting.former.push({ process, until, since, image, uid });
    this.#own.set(process, { since: seen ? until : null, changes: (own?.changes ?? 0) + 1 });
    this.#count((isKept ? FORMER_COST : 0) + imageBytes(process.image));
  }

  /** What its image is called was not known until now: it is the same image. */
  #complete(process: Process): void {
    if (!this.#own.has(process)) this.#own.set(process, { since: null, changes: 1 });
    this.#flag(process, LIFE_FLAG.nameInferred);
  }

  #flag(process: Process, flag: number): void {
    this.#flags.set(process, (this.#flags.get(process) ?? 0) | flag);
  }

  #addGap({ since, time: until, a, b }: Change): void {
    this.#lost += Math.max(0, a);
    addGap(this.#gaps, { since, until, lost: a < 0 ? null : a, reason: GAP_WORDS[b] ?? "unknown" });
  }

  #write(now: number, epoch: BootEpoch): void {
    const { insert, update, addFormer, latest } = this.#statements;
    const boot = this.#run.boot;
    for (const end of this.#run.closings) this.sums.noteEnd(end);
    this.#run.write({ now, epoch, events: this.#events, lost: this.#lost });
    const images = new Map<number, number>();
    const imageOf = (process: Process): number => {
      const id = this.#images.id(process.image, process.uid);
      if (this.#own.has(process)) images.set(id, process.key);
      return id;
    };
    // Parents that were dropped come along: there are more at the end than at the beginning.
    for (let index = 0; index < this.#waiting.fresh.length; index++) {
      const process = this.#waiting.fresh[index]!;
      const { ppid, pid, key } = process;
      const parent = process.parent ?? this.#waiting.parents[index]!;
      const above = parent === null ? null : this.#keyOf(parent);
      const born = Math.round(process.born);
      insert.run(
        key,
        boot,
        pid,
        born,
        spanOf(process),
        above,
        above === null ? ppid : null,
        process.reaper,
        process.status,
        imageOf(process),
        this.#execOf(process, born) ?? (above === null ? NO_EXEC : null),
        this.#flagsOf(process) | (process.nth << NTH_SHIFT),
        ...costOf(process),
      );
      this.#noteEnd(process);
      this.#charge(key, process.uid, ROW_BYTES.life);
    }
    for (const process of this.#changed) {
      const left = this.#adopted.get(process);
      const row = this.#rows.get(process);
      const image = row !== undefined && isEmptied(process) ? row.image : imageOf(process);
      if (left !== undefined) this.#continueLife(process, left, image, now);
      const { parent, key, ppid, status } = process;
      const above = left !== undefined || parent === null ? null : this.#keyOf(parent);
      const reaper = left === undefined ? process.reaper : left.reaperNow(ppid);
      const born = row?.born ?? Math.round(process.born);
      const [exec, flags] = [this.#execOf(process, born), this.#flagsOf(process)];
      const cost = costOf(process);
      update.run(spanOf(process, born), above, reaper, status, image, exec, flags, ...cost, key);
      this.#noteEnd(process);
      this.#charge(key, process.uid, 0);
    }
    for (const { process, until, since, image, uid } of this.#waiting.former) {
      const from = since === null ? null : Math.round(since);
      const id = image === null ? FORGOTTEN_IMAGE : this.#images.id(image, uid);
      addFormer.run(process.key, Math.round(until), from, id);
      this.#charge(process.key, uid, ROW_BYTES.former);
    }
    for (const { since, until, lost, reason } of this.#gaps) {
      this.#statements.addGap.run(boot, Math.round(since), Math.round(until), lost, reason);
    }
    // After the lives: a parent that came along is not lost any more.
    if (this.#dropped > 0) {
      const since = Math.round(this.#failingSince ?? now);
      const reason = GAP_WORDS[GAP_REASON.full]!;
      this.#statements.addGap.run(boot, since, Math.round(now), this.#dropped, reason);
    }
    for (const [image, life] of images) latest.run(life, image);
    for (const one of this.#also) one.write();
  }

  #noteEnd({ alive, end }: Process): void {
    if (!alive && end !== null) this.sums.noteEnd(end);
  }

  /** Charges a user with a row about a life, and with the texts that were stored for it. */
  #charge(key: number, uid: number | null, bytes: number): void {
    this.#ledger.charge(partOf(key), uid, bytes + this.#images.bytes);
    this.#images.bytes = 0;
  }

  /** An earlier run knew another image than the one that is there now. */
  #continueLife(process: Process, left: OpenLife, image: number, now: number): void {
    if (left.image === image) return;
    const own = this.#own.get(process)!;
    own.since = null;
    this.#statements.addFormer.run(process.key, Math.round(now), left.since, left.image);
  }

  #keyOf(parent: Process): number {
    if (parent.key <= 0) {
      this.#register(parent);
      this.#flag(parent, LIFE_FLAG.found);
    }
    return parent.key;
  }

  /** What life.exec is to be; null when it has no image of its own. */
  #execOf(process: Process, born: number): number | null {
    const own = this.#own.get(process);
    if (own === undefined) return null;
    return own.since === null ? NO_EXEC : Math.max(0, Math.round(own.since) - born);
  }

  #flagsOf(process: Process): number {
    const unknown = process.start === null ? LIFE_FLAG.startUnknown : 0;
    return unknown | (process.dumped ? LIFE_FLAG.core : 0) | (this.#flags.get(process) ?? 0);
  }

  #giveUp(now: number, error: unknown): void {
    this.#images.forget();
    this.#run.rolledBack();
    if (!mayPass(error)) throw error;
    this.#failingSince ??= now;
    this.#failing = (error as Error).message;
  }

  /** Bounded memory: what waits of the one who has most of it is forgotten, and counted. */
  #dropWaiting(): void {
    const dropped = dropHeaviest(this.#waiting);
    this.#dropped += dropped.length;
    for (const process of dropped) {
      process.key = DROPPED;
      this.#flags.delete(process);
    }
    this.#waitingBytes = bytesWaiting(this.#waiting);
  }

  /** Those of the dropped that still live are no loss: they wait once more. */
  #takeUpDropped(): void {
    for (const process of this.#options.processes()) {
      if (!process.alive || process.key > 0) continue;
      this.#register(process);
      this.#flag(process, LIFE_FLAG.found);
    }
  }
}
