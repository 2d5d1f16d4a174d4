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

  /** `maxBytes` is what the file may have. */
  constructor(db: DatabaseSync, ledger: Ledger, maxBytes: number) {
    this.#ledger = ledger;
    this.#maxBytes = maxBytes * SHARE;
    this.#statements = prepare(db);
  }

  /** Deletes some that ended on a boot before a time; true when there may be more. */
  removeBefore(boot: number, before: number): boolean {
    const found = this.#statements.before.all(boot, before, STEP);
    this.#remove(found);
    return found.length === STEP;
  }

  /** Deletes some of boots that are forgotten; true when there may be more. */
  removeOfNoBoot(): boolean {
    const found = this.#statements.ofNoBoot.all(STEP);
    this.#remove(found);
    return found.length === STEP;
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

  #oldestOf(owner: number): Record<string, unknown>[] {
    const found: Record<string, unknown>[] = [];
    for (const row of this.#statements.ended.iterate()) {
      if (this.#ledger.ownerIn(JOBS_PART, Number(row["owner"])) !== owner) continue;
      found.push(row);
      if (found.length === STEP) break;
    }
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
    before: db.prepare("SELECT id, owner FROM job WHERE boot = ? AND until < ? LIMIT ?"),
    ofNoBoot: db.prepare(
      "SELECT id, owner FROM job WHERE boot NOT IN (SELECT id FROM boot) LIMIT ?",
    ),
    ended: db.prepare("SELECT id, owner FROM job WHERE until IS NOT NULL ORDER BY id"),
    remove: db.prepare("DELETE FROM job WHERE id = ?"),
    removeTotals: db.prepare("DELETE FROM job_total WHERE job = ?"),
    removeMembers: db.prepare("DELETE FROM member WHERE job = ?"),
  };
}
