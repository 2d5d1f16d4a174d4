/**
 * Questions to a history file.
 *
 * @module
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { Account } from "../model/account.ts";
import type { Process } from "../model/process.ts";
import { type Boot, readBoots } from "./boots.ts";
import { addCost } from "./cost.ts";
import { openForReading, pragma } from "./file.ts";
import { type Life, LIFE_COLUMNS, type LifeRow, LifeStore, rows } from "./life.ts";
import { LIFE_COST_VALUES, LIVED_WITHIN } from "./schema.ts";
import { toStored } from "./texts.ts";

/** A stretch of time of one boot, nanoseconds since boot; `until` does not belong to it. */
export interface BootSpan {
  readonly boot: Boot;
  readonly since: number;
  readonly until: number;
}

/** A time in which something was lost, or nobody recorded. */
export interface PastGap {
  readonly boot: Boot;
  /** Nanoseconds since boot. */
  readonly since: number;
  readonly until: number;
  /** How many events; null when not known. */
  readonly lost: number | null;
  readonly reason: string;
}

/** A run of a recorder. */
export interface PastRun {
  readonly boot: Boot;
  readonly pid: number;
  /** Nanoseconds since boot. */
  readonly since: number;
  /** When something was written last. */
  readonly seen: number;
  /** When it ended on purpose; null when it has not, or was killed. */
  readonly ended: number | null;
  readonly source: string;
  readonly why: string;
  readonly version: string;
  readonly events: number;
  readonly lost: number;
}

/** An open history. Lives that belong together are the same objects in all answers. */
export class History {
  readonly db: DatabaseSync;
  readonly path: string;
  /** Oldest first. */
  readonly boots: readonly Boot[];
  readonly lives: LifeStore;
  readonly #children: StatementSync;
  readonly #byPid: StatementSync;
  readonly #latest: StatementSync;
  #cost: StatementSync | null = null;

  /**
   * Opens a file.
   *
   * @throws {HistoryError} It is missing, or cannot be used.
   */
  constructor(path: string) {
    this.path = path;
    this.db = openForReading(path);
    this.boots = readBoots(this.db);
    this.lives = new LifeStore(this.db, this.boots);
    this.#children = rows(
      this.db,
      `SELECT ${LIFE_COLUMNS} FROM life WHERE parent = ? ORDER BY id DESC LIMIT ?`,
    );
    this.#byPid = rows(
      this.db,
      `SELECT ${LIFE_COLUMNS} FROM life WHERE pid = ? ORDER BY id DESC LIMIT ?`,
    );
    this.#latest = rows(
      this.db,
      `SELECT ${LIFE_COLUMNS} FROM life WHERE pid = ? AND boot = ? ORDER BY id DESC LIMIT 1`,
    );
  }

  /** Whether the file is of a version that has jobs, and what processes have cost. */
  get hasJobs(): boolean {
    return pragma(this.db, "user_version") >= 2;
  }

  /** Closes the file. */
  close(): void {
    this.db.close();
  }

  /** The boot with a whole boot id; undefined when none of it was recorded. */
  boot(bootId: string): Boot | undefined {
    return this.boots.find((boot) => boot.bootId === bootId);
  }

  /** Lives that had a pid, the latest first, `limit` at most. */
  byPid(pid: number, limit = 1000): Life[] {
    return this.#take(this.#byPid.all(pid, limit))
      .sort((a, b) => b.boot.id - a.boot.id || b.born - a.born);
  }

  /** The life that a process of /proc is: the latest of its pid, begun in that tick. */
  lifeNow(boot: Boot, { pid, startTicks }: Process): Life | null {
    const row = this.#latest.get(pid, boot.id);
    if (row === undefined) return null;
    const life = this.lives.take(row as unknown as LifeRow);
    return Math.abs(life.startTicks - startTicks) <= 1 ? life : null;
  }

  /** The latest life that ran a program with that name (comm), by an exec or from the start. */
  byComm(name: string): Life | null {
    const text = toStored("comm", new TextEncoder().encode(name));
    const row = this.db.prepare(
      `SELECT max(latest) AS latest FROM image
        WHERE comm IN (SELECT id FROM text WHERE value = ?)`,
    ).get(text);
    return row?.["latest"] == null ? null : this.lives.get(Number(row["latest"]));
  }

  /** What a life that has ended has cost; null where it is not accounted. */
  accountOf({ key }: Life): Account | null {
    if (!this.hasJobs) return null;
    const columns = LIFE_COST_VALUES.map((name) => `CAST(${name} AS REAL)`).join(", ");
    this.#cost ??= rows(
      this.db,
      `SELECT ${columns} FROM life WHERE id = ? AND user_us IS NOT NULL`,
    );
    const row = this.#cost.get(key) as unknown as readonly number[] | undefined;
    if (row === undefined) return null;
    const account = new Account();
    addCost(account, row);
    return account;
  }

  /** The latest children of a life, latest first. */
  children(life: Life, limit: number): Life[] {
    return this.#take(this.#children.all(life.key, limit));
  }

  /** What lived at some time within a stretch: began before its end, and not ended before it. */
  livedWithin({ boot, since, until }: BootSpan): Life[] {
    const found = new Set<Life>();
    for (const condition of LIVED_WITHIN) {
      const statement = rows(this.db, `SELECT ${LIFE_COLUMNS} FROM life WHERE ${condition}`);
      for (const life of this.#take(statement.all(boot.id, since, until))) found.add(life);
    }
    return [...found];
  }

  /** What is not known for some part of a stretch, oldest first. */
  gaps({ boot, since, until }: BootSpan): PastGap[] {
    return this.db.prepare(
      `SELECT CAST(since AS REAL) AS since, CAST(until AS REAL) AS until, lost, reason FROM gap
        WHERE boot = ? AND until >= ? AND since < ? ORDER BY until`,
    ).all(boot.id, since, until).map((row) => ({
      boot,
      since: Number(row["since"]),
      until: Number(row["until"]),
      lost: row["lost"] === null ? null : Number(row["lost"]),
      reason: String(row["reason"]),
    }));
  }

  /** The latest run of a recorder; null when there was none. */
  lastRun(): PastRun | null {
    const row = this.db.prepare(
      `SELECT boot, pid, CAST(since AS REAL) AS since, CAST(seen AS REAL) AS seen,
        CAST(ended AS REAL) AS ended, source, why, version, events, lost
        FROM run ORDER BY id DESC LIMIT 1`,
    ).get();
    if (row === undefined) return null;
    return {
      boot: this.boots.find(({ id }) => id === Number(row["boot"]))!,
      pid: Number(row["pid"]),
      since: Number(row["since"]),
      seen: Number(row["seen"]),
      ended: row["ended"] === null ? null : Number(row["ended"]),
      source: String(row["source"]),
      why: String(row["why"]),
      version: String(row["version"]),
      events: Number(row["events"]),
      lost: Number(row["lost"]),
    };
  }

  /** What of the moments (milliseconds since the epoch) from `since` to `until` was recorded. */
  spans(since: number, until: number): BootSpan[] {
    const spans: BootSpan[] = [];
    for (const boot of this.boots) {
      const span = {
        boot,
        since: Math.max(boot.since, boot.nsOf(since)),
        until: Math.min(boot.nsOf(until), boot.end),
      };
      if (span.until > span.since) spans.push(span);
    }
    return spans;
  }

  /** The boot that was recorded at a moment (milliseconds), and the time since it then. */
  spansAt(moment: number): BootSpan[] {
    return this.boots
      .map((boot) => ({ boot, since: boot.nsOf(moment), until: boot.nsOf(moment) }))
      .filter(({ boot, since }) => since >= boot.since && since <= boot.until)
      .slice(-1);
  }

  /** A recorder is at work: what it knows reaches up to a moment, be there news or not. */
  reach(moment: number): void {
    const boot = this.lastRun()?.boot;
    if (boot !== undefined) boot.until = Math.max(boot.until, boot.nsOf(moment));
  }

  /** The first and the last moment that is recorded, milliseconds; null when nothing is. */
  range(): { readonly since: number; readonly until: number } | null {
    const recorded = this.boots.filter((boot) => boot.until > 0);
    const [first] = recorded;
    const last = recorded.at(-1);
    if (first === undefined || last === undefined) return null;
    return { since: first.moment(first.since), until: last.moment(last.until) };
  }

  #take(found: readonly unknown[]): Life[] {
    return found.map((row) => this.lives.take(row as LifeRow));
  }
}
