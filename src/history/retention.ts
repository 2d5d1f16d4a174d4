/**
 * What a history forgets: lives that ended long ago, and the oldest ones where it grows too large.
 * Ancestors of what stays, stay.
 *
 * @module
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { readBoots } from "./boots.ts";
import { pragma } from "./file.ts";
import { inTransaction } from "./transaction.ts";

/** How often lives that became too old are looked for. */
const AGE_EVERY_MS = 60_000;
/** Lives that are looked at in one step. */
const STEP = 1000;
/** Time that a call takes when it is not urgent. */
const SLICE_MS = 50;
/** Room that is made beyond what is needed, so that it need not be made again at once. */
const SLACK = 0.02;
/** A file may be so much larger for a moment. */
const URGENT = 1.05;
/** Deleted lives after which texts that nobody uses any more are worth looking for. */
const SWEEP_MIN = 10_000;
const SWEEP_SHARE = 0.05;
/** Free pages that are kept for what comes. */
const FREE_PAGES = 1024;

/** As far as an integer of SQLite goes, nearly. */
const END_OF_TIME = 2 ** 62;

/** A life in the order of ends. */
interface Place {
  readonly boot: number;
  readonly end: number;
  readonly id: number;
}

const START: Place = { boot: 0, end: -1, id: 0 };

/** What may stay. */
export interface RetentionLimits {
  /** Milliseconds after their end; Infinity for ever. */
  readonly keepMs: number;
  /** Bytes of the file and its log. */
  readonly maxBytes: number;
}

/** Deletes old lives, a bit at a time. */
export class Retention {
  readonly #db: DatabaseSync;
  readonly #limits: RetentionLimits;
  readonly #maxPages: number;
  readonly #onSweep: () => void;
  readonly #statements: Statements;
  #ageAt = -Infinity;
  /** Whether there is more to do than one call did. */
  #aging = false;
  #deleted = 0;
  /** How many there were when they were counted last. */
  #lives: number;
  /** Where the search for the oldest goes on: what is before has descendants that stay. */
  #from: Place = START;

  /** `onSweep` is called when texts and images were deleted. */
  constructor(db: DatabaseSync, limits: RetentionLimits, onSweep: () => void) {
    this.#db = db;
    this.#limits = limits;
    this.#onSweep = onSweep;
    const log = Math.min(16 << 20, limits.maxBytes / 4);
    this.#maxPages = Math.floor((limits.maxBytes - log) / pragma(db, "page_size"));
    this.#statements = prepare(db);
    this.#lives = countLives(db);
  }

  /** Does what is due, within a slice of time unless the file is far too large. */
  work(nowMs: number): void {
    const until = performance.now() + SLICE_MS;
    if (this.#limits.keepMs !== Infinity && (this.#aging || nowMs >= this.#ageAt)) {
      if (!this.#aging) this.#from = START;
      this.#ageAt = nowMs + AGE_EVERY_MS;
      this.#aging = this.#deleteOlder(nowMs - this.#limits.keepMs, until);
    }
    this.#shrink(until);
    if (this.#deleted >= Math.max(SWEEP_MIN, SWEEP_SHARE * this.#lives)) this.#sweep();
  }

  /** Pages in use. */
  get #pages(): number {
    return pragma(this.#db, "page_count") - pragma(this.#db, "freelist_count");
  }

  /** Deletes what ended before a moment; true when time ran out before it was done. */
  #deleteOlder(moment: number, until: number): boolean {
    for (const boot of readBoots(this.#db)) {
      const before = boot.nsOf(moment);
      if (before <= 0 || boot.id < this.#from.boot) continue;
      this.#statements.removeJobs.run(boot.id, Math.min(before, END_OF_TIME));
      while (this.#deleteStep(boot.id, before, false)) {
        if (performance.now() > until) return true;
      }
    }
    return false;
  }

  #shrink(until: number): void {
    if (this.#pages <= this.#maxPages) {
      this.#giveBack();
      return;
    }
    const target = this.#maxPages * (1 - SLACK);
    let forced = false;
    this.#from = START;
    const boots = readBoots(this.#db);
    for (let index = 0; index < boots.length;) {
      if (this.#pages <= target) break;
      if (performance.now() > until && this.#pages < this.#maxPages * URGENT) break;
      const more = this.#deleteStep(boots[index]!.id, Infinity, forced);
      // Most of the room may be that of their texts.
      if (this.#deleted >= SWEEP_SHARE * this.#lives) this.#sweep();
      if (more) continue;
      // What is left has descendants that stay. Only now do they lose their past.
      if (++index < boots.length) continue;
      this.#sweep();
      if (forced || this.#pages <= target) break;
      forced = true;
      index = 0;
      this.#from = START;
    }
  }

  /** Deletes some of the oldest lives of a boot; false when there are no more. */
  #deleteStep(boot: number, before: number, forced: boolean): boolean {
    const { end: from, id } = this.#from.boot === boot ? this.#from : START;
    const { oldest } = this.#statements;
    const found = oldest.all(boot, from, Math.min(before, END_OF_TIME), from, id, STEP);
    if (found.length === 0) return false;
    const last = found.at(-1)!;
    const end = Number(last["ended"]);
    inTransaction(this.#db, () => {
      for (const { id } of found) this.#delete(Number(id), before, forced);
      this.#statements.kept.run(Math.round(end), boot);
    });
    this.#from = { boot, end, id: Number(last["id"]) };
    return found.length === STEP;
  }

  /** Deletes a life, and then upwards what it was the last reason to keep. */
  #delete(id: number, before: number, forced: boolean): void {
    const { get, remove, removeFormer, removeMember, orphan } = this.#statements;
    for (let at: number | null = id; at !== null;) {
      const row: Record<string, unknown> | undefined = get.get(at);
      const ended = row?.["ended"];
      if (row === undefined || ended === null || Number(ended) >= before) return;
      if (forced) orphan.run(Number(row["pid"]), at);
      if (Number(remove.run(at, at).changes) === 0) return;
      removeFormer.run(at);
      removeMember.run(at);
      this.#deleted++;
      at = row["parent"] === null ? null : Number(row["parent"]);
      // Above stands what may be younger than what is due next.
      if (forced || before === Infinity) return;
    }
  }

  /** Deletes images and texts that no life has any more. */
  #sweep(): void {
    if (this.#deleted === 0) return;
    inTransaction(this.#db, () => this.#db.exec(SWEEP + FORGET_BOOTS));
    this.#deleted = 0;
    this.#lives = countLives(this.#db);
    this.#onSweep();
  }

  /** Gives room back to the disk, where much of it is free. */
  #giveBack(): void {
    const free = pragma(this.#db, "freelist_count");
    const total = pragma(this.#db, "page_count");
    if (free <= Math.max(FREE_PAGES, total / 4) && total <= this.#maxPages * URGENT) return;
    this.#db.prepare(`PRAGMA incremental_vacuum(${FREE_PAGES})`).all();
  }
}

const SWEEP = `
DROP TABLE IF EXISTS temp.unused;
DROP TABLE IF EXISTS temp.others;
CREATE TEMP TABLE unused AS SELECT id, argv, exe, cwd, cgroup, comm, env FROM main.image i
  WHERE NOT EXISTS (SELECT 1 FROM life WHERE life.image = i.id AND exec IS NOT NULL)
    AND NOT EXISTS (SELECT 1 FROM former WHERE former.image = i.id);
DELETE FROM main.image WHERE id IN (SELECT id FROM unused);
DELETE FROM main.text WHERE id IN (SELECT argv FROM unused)
  AND NOT EXISTS (SELECT 1 FROM main.image WHERE argv = text.id);
CREATE TEMP TABLE others AS SELECT exe AS id FROM unused UNION SELECT cwd FROM unused
  UNION SELECT cgroup FROM unused UNION SELECT comm FROM unused UNION SELECT env FROM unused;
DELETE FROM main.text WHERE id IN (SELECT id FROM others WHERE id IS NOT NULL) AND id NOT IN (
  SELECT exe FROM main.image WHERE exe IS NOT NULL
  UNION SELECT cwd FROM main.image WHERE cwd IS NOT NULL
  UNION SELECT cgroup FROM main.image WHERE cgroup IS NOT NULL
  UNION SELECT comm FROM main.image WHERE comm IS NOT NULL
  UNION SELECT argv FROM main.image WHERE argv IS NOT NULL
  UNION SELECT env FROM main.image WHERE env IS NOT NULL);
`;

function countLives(db: DatabaseSync): number {
  const [row] = db.prepare("SELECT count(*) AS n FROM life").all();
  return Number(row?.["n"] ?? 0);
}

/** Of a boot of which no process is left, and of what was before the oldest, nothing stays. */
const FORGET_BOOTS = `
DELETE FROM gap WHERE until < (SELECT min(kept) FROM run WHERE run.boot = gap.boot);
DELETE FROM boot WHERE id < (SELECT max(id) FROM boot)
  AND NOT EXISTS (SELECT 1 FROM life WHERE life.boot = boot.id AND span IS NOT NULL);
DELETE FROM run WHERE boot NOT IN (SELECT id FROM boot);
DELETE FROM gap WHERE boot NOT IN (SELECT id FROM boot);
DELETE FROM clock WHERE boot NOT IN (SELECT id FROM boot);
DELETE FROM job WHERE boot NOT IN (SELECT id FROM boot);
DELETE FROM job_total WHERE job NOT IN (SELECT id FROM job);
DELETE FROM member WHERE job NOT IN (SELECT id FROM job);
`;

interface Statements {
  readonly oldest: StatementSync;
  readonly get: StatementSync;
  readonly remove: StatementSync;
  readonly removeFormer: StatementSync;
  readonly removeMember: StatementSync;
  readonly removeJobs: StatementSync;
  readonly orphan: StatementSync;
  readonly kept: StatementSync;
}

function prepare(db: DatabaseSync): Statements {
  return {
    oldest: db.prepare(
      `SELECT id, CAST(born + span AS REAL) AS ended FROM life
        WHERE boot = ? AND born + span >= ? AND born + span < ? AND span IS NOT NULL
          AND (born + span > ? OR id > ?)
        ORDER BY born + span, id LIMIT ?`,
    ),
    get: db.prepare(
      "SELECT pid, parent, CAST(born + span AS REAL) AS ended FROM life WHERE id = ?",
    ),
    remove: db.prepare(
      "DELETE FROM life WHERE id = ? AND NOT EXISTS (SELECT 1 FROM life c WHERE c.parent = ?)",
    ),
    removeFormer: db.prepare("DELETE FROM former WHERE life = ?"),
    removeMember: db.prepare("DELETE FROM member WHERE life = ?"),
    removeJobs: db.prepare("DELETE FROM job WHERE boot = ? AND until < ?"),
    orphan: db.prepare(
      "UPDATE life SET parent = NULL, ppid = ?, exec = coalesce(exec, -1) WHERE parent = ?",
    ),
    kept: db.prepare("UPDATE run SET kept = max(kept, ?) WHERE boot = ?"),
  };
}
