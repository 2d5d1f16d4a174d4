/**
 * Questions to a history file.
 *
 * @module
 */
import type { DatabaseSync } from "node:sqlite";
import type { PastGap, PastRun } from "../ask/store.ts";
import { Account } from "../model/account.ts";
import { type BootSpan, Bounds } from "../model/bounds.ts";
import type { PastBoot } from "../model/boot.ts";
import type { Process } from "../model/process.ts";
import { finish, STEP_ROWS, type Steps } from "../steps.ts";
import { type Boot, readBoots } from "./boots.ts";
import { addCost, LIFE_COST_COLUMNS } from "./cost.ts";
import { openForReading, pragma } from "./file.ts";
import { brokenValue } from "./history_error.ts";
import { type Life, LIFE_COLUMNS, type LifeRow, LifeStore } from "./life.ts";
import { LIVED_WITHIN } from "./schema.ts";
import { toStored } from "./texts.ts";
import { column, nullable, TypedRows } from "./typed.ts";

/** A row of `run`, without its number. */
type RunRow = readonly [
  boot: number,
  pid: number,
  since: number,
  seen: number,
  ended: number | null,
  source: string,
  why: string,
  version: string,
  events: number,
  lost: number,
  keepS: number | null,
  maxBytes: number | null,
];

/** An open history. Lives that belong together are the same objects in all answers. */
export class History {
  readonly db: DatabaseSync;
  readonly path: string;
  /** Oldest first. */
  readonly boots: readonly Boot[];
  readonly bounds: Bounds;
  readonly lives: LifeStore;
  readonly #boots: ReadonlyMap<number, Boot>;
  readonly #children: TypedRows<LifeRow>;
  readonly #childKeys: TypedRows<readonly [number]>;
  readonly #byPid: TypedRows<LifeRow>;
  readonly #latest: TypedRows<LifeRow>;
  #cost: TypedRows<readonly number[]> | null = null;

  /**
   * Opens a file; `now` is the wall clock, milliseconds since the Unix epoch. With `db`, which has
   * the tables of a history, that is asked, and `path` is what it is called.
   *
   * @throws {HistoryError} It is missing, or cannot be used.
   */
  constructor(path: string, now: () => number = Date.now, db: DatabaseSync | null = null) {
    this.path = path;
    this.db = db ?? openForReading(path);
    this.boots = readBoots(this.db);
    this.bounds = new Bounds(this.boots, now);
    this.#boots = new Map(this.boots.map((boot) => [boot.id, boot]));
    this.lives = new LifeStore(this.db, this.#boots);
    const lives = (rest: string) => new TypedRows<LifeRow>(this.db, LIFE_COLUMNS, rest);
    this.#children = lives("FROM life WHERE parent = ? ORDER BY id DESC LIMIT ?");
    this.#childKeys = new TypedRows(
      this.db,
      [column("life.id", "key")],
      "FROM life WHERE parent = ? ORDER BY id",
    );
    this.#byPid = lives("FROM life WHERE pid = ? ORDER BY id DESC LIMIT ?");
    this.#latest = lives("FROM life WHERE pid = ? AND boot = ? ORDER BY id DESC LIMIT 1");
  }

  /** Whether the file is of a version that has jobs, and what processes have cost. */
  get hasJobs(): boolean {
    return pragma(this.db, "user_version") >= 2;
  }

  /** Closes the file. */
  close(): void {
    this.db.close();
  }

  /** The boot with a number that stands in a column; throws HistoryError where there is none. */
  bootOf(id: number, column: string): Boot {
    const boot = this.#boots.get(id);
    if (boot === undefined) throw brokenValue(column, "is no boot");
    return boot;
  }

  /** Lives that had a pid, the latest first, `limit` at most. */
  byPid(pid: number, limit = 1000): Life[] {
    return this.#take(this.#byPid.all(pid, limit))
      .sort((a, b) => b.boot.id - a.boot.id || b.born - a.born);
  }

  /** The life that a process of /proc is: the latest of its pid, begun in that tick. */
  lifeNow(
    boot: PastBoot,
    { pid, startTicks }: Pick<Process, "pid" | "startTicks">,
  ): Life | null {
    const row = this.#latest.get(pid, boot.id);
    if (row === undefined) return null;
    const life = this.lives.take(row);
    return Math.abs(life.startTicks - startTicks) <= 1 ? life : null;
  }

  /** The latest life that ran a program with that name (comm), by an exec or from the start. */
  byComm(name: string): Life | null {
    const text = toStored("comm", new TextEncoder().encode(name));
    const row = new TypedRows<readonly [latest: number | null]>(
      this.db,
      [nullable("max(latest)", "key")],
      "FROM image WHERE comm IN (SELECT id FROM text WHERE value = ?)",
    ).get(text);
    return row?.[0] == null ? null : this.lives.get(row[0]);
  }

  /** What a life that has ended has cost; null where it is not accounted. */
  accountOf({ key }: Pick<Life, "key">): Account | null {
    if (!this.hasJobs) return null;
    this.#cost ??= new TypedRows(
      this.db,
      LIFE_COST_COLUMNS,
      "FROM life WHERE id = ? AND user_us IS NOT NULL",
    );
    const row = this.#cost.get(key);
    if (row === undefined) return null;
    const account = new Account();
    addCost(account, row);
    return account;
  }

  /** The latest children of a life, latest first. */
  children(life: Life, limit: number): Life[] {
    return this.#take(this.#children.all(life.key, limit));
  }

  /** The same, one by one. */
  *childrenOf(life: Life, limit: number): Generator<Life, void> {
    for (const row of this.#children.iterate(life.key, limit)) yield this.lives.take(row);
  }

  /** Numbers of the children of a life, by its own. */
  *childKeys(key: number): Generator<number, void> {
    for (const [child] of this.#childKeys.iterate(key)) yield child;
  }

  /** What lived at some time within a stretch: began before its end, and not ended before it. */
  livedWithin(span: BootSpan): Life[] {
    return finish(this.livedWithinSteps(span));
  }

  /** {@linkcode History.livedWithin} with pauses. */
  *livedWithinSteps({ boot, since, until }: BootSpan): Steps<Life[]> {
    const found = new Set<Life>();
    let seen = 0;
    for (const condition of LIVED_WITHIN) {
      const rest = `FROM life WHERE ${condition}`;
      const lives = new TypedRows<LifeRow>(this.db, LIFE_COLUMNS, rest);
      for (const row of lives.iterate(boot.id, since, until)) {
        found.add(this.lives.take(row));
        if (++seen % STEP_ROWS === 0) yield;
      }
    }
    return [...found];
  }

  /** What is not known for some part of a stretch, oldest first. */
  gaps({ boot, since, until }: BootSpan): PastGap[] {
    const found = new TypedRows<readonly [number, number, number | null, string]>(
      this.db,
      [
        column("gap.since", "time"),
        column("gap.until", "time"),
        nullable("gap.lost", "count"),
        column("gap.reason", "name"),
      ],
      "FROM gap WHERE boot = ? AND until >= ? AND since < ? ORDER BY until",
    );
    return found.all(boot.id, since, until).map((row) => {
      return { boot, since: row[0], until: row[1], lost: row[2], reason: row[3] };
    });
  }

  /** How many processes it has, and how many of them have not ended. */
  count(): { readonly lives: number; readonly running: number } {
    const [row] = this.db.prepare(
      `SELECT (SELECT count(*) FROM life) AS lives,
        (SELECT count(*) FROM life WHERE span IS NULL) AS running`,
    ).all();
    return { lives: Number(row!["lives"]), running: Number(row!["running"]) };
  }

  /** The latest run of a recorder; null when there was none. */
  lastRun(): PastRun | null {
    const hasLimits = pragma(this.db, "user_version") >= 5;
    const row = new TypedRows<RunRow>(
      this.db,
      [
        column("run.boot", "key"),
        column("run.pid", "pid"),
        column("run.since", "time"),
        column("run.seen", "time"),
        nullable("run.ended", "time"),
        column("run.source", "name"),
        column("run.why", "name"),
        column("run.version", "name"),
        column("run.events", "count"),
        column("run.lost", "count"),
        nullable(hasLimits ? "run.keep_s" : "NULL", "count"),
        nullable(hasLimits ? "run.max_bytes" : "NULL", "count"),
      ],
      "FROM run ORDER BY id DESC LIMIT 1",
    ).get();
    if (row === undefined) return null;
    const [id, pid, since, seen, ended, source, why, version, events, lost, keepS, maxBytes] = row;
    const boot = this.bootOf(id, "run.boot");
    const limits = { keepMs: keepS === null ? null : keepS * 1000, maxBytes };
    return { boot, pid, since, seen, ended, source, why, version, events, lost, ...limits };
  }

  /** A recorder is at work: what it knows reaches up to a moment, be there news or not. */
  reach(moment: number): void {
    const boot = this.lastRun()?.boot;
    boot?.reach(moment);
  }

  #take(found: readonly LifeRow[]): Life[] {
    return found.map((row) => this.lives.take(row));
  }
}
