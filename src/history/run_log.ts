/**
 * The runs of the recorder: which boot, since when, until when, and how the wall clock stood.
 *
 * @module
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { AccountSource } from "../model/account.ts";
import type { BootEpoch } from "../model/batch.ts";
import { TICK_NS } from "../model/process.ts";
import { LIFE_FLAG, NO_ACCOUNTS } from "./schema.ts";

/** A wall clock that moved by more than this against the time since boot was set. */
const CLOCK_STEP_NS = 1_000_000;

/** What is known when a run begins. */
export interface RunFacts {
  /** The whole boot id. */
  readonly bootId: string;
  readonly pid: number;
  /** Nanoseconds since boot. */
  readonly since: number;
  readonly epoch: BootEpoch;
  readonly source: string;
  readonly why: string;
  readonly version: string;
  /** Where the accounts of what exits come from; null where there are none. */
  readonly accounts: AccountSource | null;
  /** It forgets what ended longer ago, milliseconds; Infinity where it does not. */
  readonly keepMs: number;
  /** It forgets the oldest beyond so many bytes; Infinity where it does not. */
  readonly maxBytes: number;
  /** Whether it looks for trouble. */
  readonly findings: boolean;
  /** It goes on with what an earlier run of the same recorder knows: nothing was missed. */
  readonly continued: boolean;
}

/** A life that an earlier run on this boot left open. */
export class OpenLife {
  readonly id: number;
  readonly born: number;
  /** Nanoseconds from `born` to its image; below 0 when it came by no exec. */
  readonly exec: number;
  readonly image: number;
  /** pid of the process that forked it; null when not known. */
  readonly ppid: number | null;

  /** A row of the query below. */
  constructor(row: Readonly<Record<string, unknown>>) {
    this.id = Number(row["id"]);
    this.born = Number(row["born"]);
    this.exec = row["exec"] === null ? -1 : Number(row["exec"]);
    this.image = Number(row["image"]);
    this.ppid = row["ppid"] === null ? null : Number(row["ppid"]);
  }

  /** The start in clock ticks since boot. */
  get ticks(): number {
    return Math.floor(this.born / TICK_NS);
  }

  /** When its image came; null when that is not known. */
  get since(): number | null {
    return this.exec < 0 ? null : this.born + this.exec;
  }

  /** The reaper, when the kernel names `ppid` as parent now; null when that is the parent. */
  reaperNow(ppid: number | null): number | null {
    return ppid === this.ppid ? null : ppid;
  }
}

/** One run, from its row in the file to its end. */
export class RunLog {
  /** Number of the boot. */
  readonly boot: number;
  /** Lives that an earlier run on this boot left open, by pid. */
  readonly openLives: Map<number, OpenLife> = new Map();
  readonly #id: number;
  readonly #update: StatementSync;
  readonly #addClock: StatementSync;
  readonly #close: StatementSync;
  /** Wall-clock time of boot as the file has it, nanoseconds. */
  #epoch: bigint;
  #epochWritten: bigint;
  #ended: number | null = null;
  /** When the run before this one was alive last, nanoseconds since boot. */
  readonly #before: number | null;
  #toClose: readonly OpenLife[] = [];

  /** Writes the row of a run, and ends what other boots left open. */
  constructor(db: DatabaseSync, facts: RunFacts) {
    this.#addClock = db.prepare("INSERT OR REPLACE INTO clock VALUES (?, ?, ?)");
    this.#update = db.prepare(
      "UPDATE run SET seen = ?, ended = ?, events = ?, lost = ? WHERE id = ?",
    );
    this.#close = db.prepare(
      `UPDATE life SET span = max(0, ? - born), flags = flags | ${LIFE_FLAG.endUnknown}
        WHERE id = ? AND span IS NULL`,
    );
    db.exec("BEGIN IMMEDIATE");
    this.boot = bootOf(db, facts.bootId);
    closeOtherBoots(db, this.boot);
    const before = db.prepare(
      "SELECT CAST(max(seen) AS REAL) AS seen FROM run WHERE boot = ?",
    ).get(this.boot);
    this.#before = before?.["seen"] == null ? null : Number(before["seen"]);
    this.#id = startRun(db, this.boot, facts);
    if (this.#before !== null && !facts.continued) {
      db.prepare("INSERT INTO gap (boot, since, until, reason) VALUES (?, ?, ?, 'not recording')")
        .run(this.boot, this.#before, Math.max(this.#before, Math.round(facts.since)));
    }
    for (const row of openLivesOf(db, this.boot)) {
      this.openLives.set(Number(row["pid"]), new OpenLife(row));
    }
    const clock = db.prepare(
      "SELECT CAST(epoch AS TEXT) AS epoch FROM clock WHERE boot = ? ORDER BY since DESC LIMIT 1",
    ).get(this.boot);
    this.#epoch = this.#epochWritten = clock === undefined
      ? epochNs(facts.epoch)
      : BigInt(clock["epoch"] as string);
    // Questions may come before the first flush.
    if (clock === undefined) this.#addClock.run(this.boot, 0, this.#epoch);
    db.exec("COMMIT");
  }

  /** Lives to be closed with the next write: they ended while nobody recorded. */
  closeLater(lives: readonly OpenLife[]): void {
    this.#toClose = lives;
  }

  /** When those that are to be closed are said to have ended, nanoseconds since boot. */
  get closings(): number[] {
    return this.#toClose.map(({ born }) => Math.max(born, this.#before ?? born));
  }

  /** Notes that the run has ended on purpose, to be written. */
  end(now: number): void {
    this.#ended = Math.round(now);
  }

  /** Writes how far the run has come; within a transaction. */
  write(
    { now, epoch, events, lost }: { now: number; epoch: BootEpoch; events: number; lost: number },
  ): void {
    const at = Math.round(now);
    const ns = epochNs(epoch);
    if (Math.abs(Number(ns - this.#epoch)) > CLOCK_STEP_NS) {
      this.#addClock.run(this.boot, at, ns);
      this.#epochWritten = ns;
    }
    for (const { id } of this.#toClose) this.#close.run(this.#before, id);
    this.#update.run(at, this.#ended, events, lost, this.#id);
  }

  /** What was written stays. */
  committed(): void {
    this.#epoch = this.#epochWritten;
    this.#toClose = [];
  }

  /** What was written is to be written again. */
  rolledBack(): void {
    this.#epochWritten = this.#epoch;
  }
}

function epochNs({ seconds, ns }: BootEpoch): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(Math.round(ns));
}

function bootOf(db: DatabaseSync, bootId: string): number {
  const known = db.prepare("SELECT id FROM boot WHERE boot_id = ?").get(bootId);
  if (known !== undefined) return Number(known["id"]);
  return Number(db.prepare("INSERT INTO boot (boot_id) VALUES (?)").run(bootId).lastInsertRowid);
}

/** What ran when another boot was recorded last cannot run now. */
function closeOtherBoots(db: DatabaseSync, boot: number): void {
  db.prepare(
    `UPDATE life SET flags = flags | ${LIFE_FLAG.endUnknown}, span = max(0, coalesce(
      (SELECT max(seen) FROM run WHERE run.boot = life.boot), born) - born)
      WHERE span IS NULL AND boot <> ?`,
  ).run(boot);
}

function startRun(db: DatabaseSync, boot: number, facts: RunFacts): number {
  const since = Math.round(facts.since);
  const { pid, source, why, version, accounts, keepMs, maxBytes, findings } = facts;
  const [keepS, most] = [keepMs / 1000, maxBytes].map((limit) => {
    return limit === Infinity ? null : Math.round(limit);
  });
  const added = db.prepare(
    `INSERT INTO run
      (boot, pid, since, kept, seen, source, why, version, accounts, keep_s, max_bytes, findings)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(
    ...[boot, pid, since, since, since, source, why, version],
    ...[accounts ?? NO_ACCOUNTS, keepS!, most!, findings ? 1 : 0],
  );
  return Number(added.lastInsertRowid);
}

function openLivesOf(db: DatabaseSync, boot: number): Record<string, unknown>[] {
  return db.prepare(
    `SELECT l.id, l.pid, CAST(l.born AS REAL) AS born, CAST(l.exec AS REAL) AS exec, l.image,
      coalesce(p.pid, l.ppid) AS ppid
      FROM life l LEFT JOIN life p ON p.id = l.parent
      WHERE l.boot = ? AND l.span IS NULL ORDER BY l.id`,
  ).all(boot);
}
