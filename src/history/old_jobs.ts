/**
 * Deletes jobs that have ended, with their sums and members: those that are too old, and the oldest
 * of who has the most of them where they take too much of the file.
 *
 * @module
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { JOBS_PART, type Ledger, ROW_BYTES } from "./ledger.ts";

/** Jobs that are deleted in one step. */
const STEP = 100;
/** What all jobs together may take of the file. */
const SHARE = 1 / 8;

/** Ended jobs, oldest first. */
export class OldJobs {
  readonly #ledger: Ledger;
  readonly #maxBytes: number;
  readonly #statements: Statements;
  /** The job at which a search goes on, for those that are of no use any more. */
  #place = 0;
  /** The same for the oldest of each owner. */
  readonly #places = new Map<number, number>();

  /** `maxBytes` is what the file may have. */
  constructor(db: DatabaseSync, ledger: Ledger, maxBytes: number) {
    this.#ledger = ledger;
    this.#maxBytes = maxBytes * SHARE;
    this.#statements = prepare(db);
  }

  /** Deletes some that ended on a boot before a time; true when there may be more. */
  removeBefore(boot: number, before: number): boolean {
    return this.#removeNext(this.#statements.before.all(this.#place, boot, before, STEP));
  }

  /** Deletes some of boots that are forgotten; true when there may be more. */
  removeOfNoBoot(): boolean {
    return this.#removeNext(this.#statements.ofNoBoot.all(this.#place, STEP));
  }

  #removeNext(found: readonly Record<string, unknown>[]): boolean {
    this.#remove(found);
    this.#place = found.length < STEP ? 0 : Number(found.at(-1)!["id"]);
    return found.length === STEP;
  }

  /** Jobs that were passed over may have ended meanwhile. */
  again(): void {
    this.#places.clear();
  }

  /** Deletes some where jobs take too much; false when they do not, or none can go. */
  shrink(): boolean {
    const users = [...this.#ledger.usersOf(JOBS_PART)];
    let all = 0;
    for (const [, bytes] of users) all += bytes;
    if (all <= this.#maxBytes) return false;
    for (const [owner] of users.sort(([, a], [, b]) => b - a)) {
      const found = this.#oldestOf(owner);
      this.#remove(found);
      if (found.length > 0) return true;
    }
    return false;
  }

  /** The next of an owner, after those that were found before. */
  #oldestOf(owner: number): Record<string, unknown>[] {
    const found: Record<string, unknown>[] = [];
    let place = this.#places.get(owner) ?? 0;
    for (const row of this.#statements.ended.iterate(place)) {
      place = Number(row["id"]);
      if (this.#ledger.ownerIn(JOBS_PART, Number(row["owner"])) !== owner) continue;
      found.push(row);
      if (found.length === STEP) break;
    }
    this.#places.set(owner, place);
    return found;
  }

  #remove(found: readonly Record<string, unknown>[]): void {
    if (found.length === 0) return;
    const { remove, removeTotals, removeMembers } = this.#statements;
    this.#ledger.write(() => {
      for (const row of found) {
        const [id, owner] = [Number(row["id"]), Number(row["owner"])];
        remove.run(id);
        const totals = Number(removeTotals.run(id).changes);
        const members = Number(removeMembers.run(id).changes);
        const { job, jobTotal, member } = ROW_BYTES;
        this.#ledger.give(JOBS_PART, owner, job + totals * jobTotal + members * member);
      }
    });
  }
}

interface Statements {
  readonly before: StatementSync;
  readonly ofNoBoot: StatementSync;
  readonly ended: StatementSync;
  readonly remove: StatementSync;
  readonly removeTotals: StatementSync;
  readonly removeMembers: StatementSync;
}

function prepare(db: DatabaseSync): Statements {
  return {
    before: db.prepare(
      "SELECT id, owner FROM job WHERE id > ? AND boot = ? AND until < ? ORDER BY id LIMIT ?",
    ),
    ofNoBoot: db.prepare(
      `SELECT id, owner FROM job WHERE id > ? AND boot NOT IN (SELECT id FROM boot)
        ORDER BY id LIMIT ?`,
    ),
    ended: db.prepare(
      "SELECT id, owner FROM job WHERE id > ? AND until IS NOT NULL ORDER BY id",
    ),
    remove: db.prepare("DELETE FROM job WHERE id = ?"),
    removeTotals: db.prepare("DELETE FROM job_total WHERE job = ?"),
    removeMembers: db.prepare("DELETE FROM member WHERE job = ?"),
  };
}
