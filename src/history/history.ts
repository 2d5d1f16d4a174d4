/**
 * Questions to a history file.
 *
 * @module
 */
import type { DatabaseSync } from "node:sqlite";
import { Account } from "../model/account.ts";
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
];

/** An open history. Lives that belong together are the same objects in all answers. */
export class History {
  readonly db: DatabaseSync;
  readonly path: string;
  /** Oldest first. */
  readonly boots: readonly Boot[];
  readonly lives: LifeStore;
  readonly #boots: ReadonlyMap<number, Boot>;
  readonly #children: TypedRows<LifeRow>;
  readonly #byPid: TypedRows<LifeRow>;
  readonly #latest: TypedRows<LifeRow>;
  #cost: TypedRows<readonly number[]> | null = null;

  /**
   * Opens a file.
   *
   * @throws {HistoryError} It is missing, or cannot be used.
   */
  constructor(path: string) {
    this.path = path;
    this.db = openForReading(path);
    this.boots = readBoots(this.db);
    this.#boots = new Map(this.boots.map((boot) => [boot.id, boot]));
    this.lives = new LifeStore(this.db, this.#boots);
    const lives = (rest: string) => new TypedRows<LifeRow>(this.db, LIFE_COLUMNS, rest);
    this.#children = lives("FROM life WHERE parent = ? ORDER BY id DESC LIMIT ?");
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

  /** The boot with a whole boot id; undefined when none of it was recorded. */
  boot(bootId: string): Boot | undefined {
    return this.boots.find((boot) => boot.bootId === bootId);
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
  lifeNow(boot: Boot, { pid, startTicks }: Process): Life | null {
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
  accountOf({ key }: Life): Account | null {
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
      ],
      "FROM run ORDER BY id DESC LIMIT 1",
    ).get();
    if (row === undefined) return null;
    const [id, pid, since, seen, ended, source, why, version, events, lost] = row;
    const boot = this.bootOf(id, "run.boot");
    return { boot, pid, since, seen, ended, source, why, version, events, lost };
  }

  /** What of the moments (milliseconds since the epoch) from `since` to `until` was recorded. */
  spans(since: number, until: number): BootSpan[] {
    this.#goOn();
    const spans: BootSpan[] = [];
    for (const boot of this.boots) {
      const from = Math.max(boot.since, boot.nsOf(since));
      // Moments go on while they are compared: what begins now is recorded, too.
      const end = boot.reached ? Math.max(boot.end, from + 1000) : boot.end;
      const span = { boot, since: from, until: Math.min(boot.nsOf(until), end) };
      if (span.until > span.since) spans.push(span);
    }
    return spans;
  }

  /** The boot that was recorded at a moment (milliseconds), and the time since it then. */
  spansAt(moment: number): BootSpan[] {
    this.#goOn();
    return this.boots
      .map((boot) => ({ boot, since: boot.nsOf(moment), until: boot.nsOf(moment) }))
      .filter(({ boot, since }) => since >= boot.since && since <= boot.known)
      .slice(-1);
  }

  /** A recorder is at work: what it knows reaches up to a moment, be there news or not. */
  reach(moment: number): void {
    const boot = this.lastRun()?.boot;
    boot?.reach(moment);
  }

  /** Time has passed since a recorder was found to be at work. */
  #goOn(): void {
    for (const boot of this.boots) if (boot.reached) boot.reach(Date.now());
  }

  /**
   * The latest moment that can be asked for, milliseconds; 0 when nothing is recorded. It lies
   * ahead where the clock has been set back since.
   */
  get latest(): number {
    return this.boots.reduce((most, { latest }) => Math.max(most, latest), 0);
  }

  /** The first and the last moment that is recorded, milliseconds; null when nothing is. */
  range(): { readonly since: number; readonly until: number } | null {
    const recorded = this.boots.filter((boot) => boot.until > 0);
    const [first] = recorded;
    const last = recorded.at(-1);
    if (first === undefined || last === undefined) return null;
    return { since: first.moment(first.since), until: last.moment(last.until) };
  }

  #take(found: readonly LifeRow[]): Life[] {
    return found.map((row) => this.lives.take(row));
  }
}
