/**
 * All or nothing.
 *
 * @module
 */
import type { DatabaseSync } from "node:sqlite";

/** Does `work` in one transaction; an error undoes it, and is thrown. */
export function inTransaction(db: DatabaseSync, work: () => void): void {
  try {
    db.exec("BEGIN IMMEDIATE");
    work();
    db.exec("COMMIT");
  } catch (error) {
    try {
      db.exec("ROLLBACK");
    } catch {
      // SQLite has done so itself, or there was nothing to undo.
    }
    throw error;
  }
}
