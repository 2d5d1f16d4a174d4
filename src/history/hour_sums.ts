/**
 * The recorder adds up what has ended in each hour, a bit at a time, once the hour is over.
 *
 * @module
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { CostKey } from "../ask/store.ts";
import { CostGroups } from "./cost_groups.ts";
import { ENDED, type EndedRow, endedRows } from "./ended.ts";
import { HistoryError, mayPass } from "./history_error.ts";
import { KEPT_KEYS, NO_KEY } from "./kept_hours.ts";
import type { Ledger } from "./ledger.ts";
import { HOUR_NS, SUM_COLUMNS } from "./schema.ts";
import type { TypedRows } from "./typed.ts";

/** Time that a call takes, about. */
const SLICE_MS = 10;
/** What ended in an hour is told when so much more time has passed. */
const SETTLED_NS = 60e9;
/** Names, users and so on of an hour; where there are more, its lives are read instead. */
const KEYS_MAX = 2000;
/** Sums of a few lives are worth no more than those. */
const LIVES_PER_KEY = 2;
/** Rows that are read at once, and how long a stretch of them is at first and at least. */
const ROWS_MAX = 4000;
const STRETCH_NS = 1e9;
const STRETCH_MIN_NS = 1e5;

const KINDS = Object.keys(KEPT_KEYS) as CostKey[];
/** Has a few keys in each hour, and is always kept: who begins again goes on from there. */
const ALWAYS: CostKey = "exit";

/** An hour that is being added up. */
interface OpenHour {
  readonly boot: number;
  readonly hour: number;
  /** Up to where, ns since boot. */
  at: number;
  /** Lives so far. */
  lives: number;
  /** Those that are worth it so far. */
  readonly groups: Map<CostKey, CostGroups>;
}

/** Keeps sums by hour in a history, up to the hour that goes on. */
export class HourSums {
  readonly #db: DatabaseSync;
  readonly #ledger: Ledger;
  readonly #boot: number;
  readonly #ended: TypedRows<EndedRow>;
  readonly #statements: Statements;
  /** By boot, the hour that is next. */
  readonly #next: Map<number, number>;
  #open: OpenHour | null = null;
  /** Before that time there is nothing to do. */
  #due = 0;
  #stretchNs = STRETCH_NS;

  /** `boot` is the number of the one that is recorded. */
  constructor(
    { db, ledger }: { readonly db: DatabaseSync; readonly ledger: Ledger },
    boot: number,
  ) {
    this.#db = db;
    this.#ledger = ledger;
    this.#boot = boot;
    this.#ended = endedRows(db, { hasCosts: true, limited: true });
    this.#statements = prepare(db);
    const reached = this.#statements.reached.all(ALWAYS);
    this.#next = new Map(reached.map(({ boot, hour }) => [Number(boot), Number(hour) + 1]));
  }

  /**
   * The row of a life is written, which has ended at a time (ns since boot): late, perhaps. To be
   * called in the transaction of the row.
   */
  noteEnd(end: number): void {
    const next = this.#next.get(this.#boot) ?? 0;
    if (end >= (next + 1) * HOUR_NS) return;
    const hour = Math.floor(end / HOUR_NS);
    if (this.#open?.boot === this.#boot && this.#open.hour === hour) this.#open = null;
    if (hour >= next) return;
    for (const kind of KINDS) this.#statements.drop.run(this.#boot, kind, hour);
  }

  /**
   * Goes on for a slice of time; all that was told up to `told` (ns since boot) is in the file.
   * Whether there is more to do.
   */
  work(told: number): boolean {
    if (told < this.#due) return false;
    const until = performance.now() + SLICE_MS;
    do {
      this.#open ??= this.#nextHour(told);
      if (this.#open === null) return false;
      try {
        this.#step(this.#open);
      } catch (error) {
        // Others have changed it: questions say so.
        if (!(error instanceof HistoryError) || mayPass(error)) throw error;
        this.#pass(this.#open);
      }
    } while (performance.now() < until);
    return true;
  }

  /** The next hour that is over; null when all are added up. */
  #nextHour(told: number): OpenHour | null {
    for (const row of this.#statements.boots.all()) {
      const boot = Number(row["boot"]);
      const isOwn = boot === this.#boot;
      const end = isOwn ? told - SETTLED_NS : Number(row["seen"]);
      const hour = this.#next.get(boot) ?? Math.ceil(Number(row["kept"]) / HOUR_NS);
      this.#next.set(boot, hour);
      if ((hour + 1) * HOUR_NS > end) continue;
      const groups = KINDS.map((by) =>
        [by, new CostGroups(this.#db, { by, ofImage: null })] as const
      );
      return { boot, hour, at: hour * HOUR_NS, lives: 0, groups: new Map(groups) };
    }
    // Of other boots no hour is added.
    this.#due = ((this.#next.get(this.#boot) ?? 0) + 1) * HOUR_NS + SETTLED_NS;
    return null;
  }

  #step(open: OpenHour): void {
    const { boot, hour, groups } = open;
    const end = (hour + 1) * HOUR_NS;
    if (open.at >= end) {
      this.#ledger.write(() => this.#store(open));
      this.#pass(open);
      return;
    }
    const until = Math.min(end, open.at + this.#stretchNs);
    const canHalve = this.#stretchNs > STRETCH_MIN_NS;
    const rows = this.#ended.all(boot, open.at, until, canHalve ? ROWS_MAX : -1);
    if (canHalve && rows.length === ROWS_MAX) {
      // There may be more: a shorter stretch is read again.
      this.#stretchNs /= 2;
      return;
    }
    for (const [by, sums] of groups) {
      for (const row of rows) sums.of(row[0], row[3])!.addLife(row);
      if (sums.groups.size > KEYS_MAX) groups.delete(by);
    }
    open.at = until;
    open.lives += rows.length;
    if (rows.length < ROWS_MAX / 4) this.#stretchNs = Math.min(this.#stretchNs * 2, HOUR_NS);
  }

  /** Writes the sums, if the lives are still those that were added up. */
  #store({ boot, hour, lives, groups }: OpenHour): void {
    const { count, put } = this.#statements;
    const found = count.get(boot, hour * HOUR_NS, (hour + 1) * HOUR_NS);
    if (Number(found!["lives"]) !== lives) return;
    for (const [by, sums] of groups) {
      if (by !== ALWAYS && sums.groups.size * LIVES_PER_KEY > lives) continue;
      for (const [key, totals] of sums.groups) {
        put.run(boot, by, key ?? NO_KEY, hour, ...totals.sums);
      }
    }
  }

  #pass({ boot, hour }: OpenHour): void {
    this.#next.set(boot, hour + 1);
    this.#open = null;
  }
}

interface Statements {
  readonly reached: StatementSync;
  readonly boots: StatementSync;
  readonly count: StatementSync;
  readonly put: StatementSync;
  readonly drop: StatementSync;
}

function prepare(db: DatabaseSync): Statements {
  const values = ", ?".repeat(SUM_COLUMNS.length);
  return {
    reached: db.prepare(
      "SELECT boot, max(hour) AS hour FROM hour_sum WHERE kind = ? GROUP BY boot",
    ),
    boots: db.prepare(
      `SELECT boot, CAST(min(kept) AS REAL) AS kept, CAST(max(seen) AS REAL) AS seen
        FROM run GROUP BY boot ORDER BY boot`,
    ),
    count: db.prepare(`SELECT count(*) AS lives FROM life WHERE ${ENDED}`),
    put: db.prepare(`INSERT OR REPLACE INTO hour_sum
        VALUES (?1, ?2, iif(typeof(?3) = 'text', ?3, CAST(?3 AS INTEGER)), ?4${values})`),
    drop: db.prepare("DELETE FROM hour_sum WHERE boot = ? AND kind = ? AND hour = ?"),
  };
}
