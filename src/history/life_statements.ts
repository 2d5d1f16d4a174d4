/**
 * The SQL by which lives, their former images and gaps are written, and what stands in it.
 *
 * @module
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Process } from "../model/process.ts";
import { LIFE_COSTS } from "./schema.ts";

/** The statements of a writer. */
export interface LifeStatements {
  readonly insert: StatementSync;
  readonly update: StatementSync;
  readonly addFormer: StatementSync;
  readonly addGap: StatementSync;
  readonly latest: StatementSync;
}

/** Prepares them. */
export function prepareLives(db: DatabaseSync): LifeStatements {
  return {
    insert: db.prepare(
      `INSERT INTO life VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?${
        ", ?".repeat(LIFE_COSTS.length)
      })`,
    ),
    update: db.prepare(
      `UPDATE life SET span = ?, parent = coalesce(parent, ?), reaper = coalesce(?, reaper),
        status = ?, image = ?, exec = coalesce(?, exec), flags = flags | ?,
        ${LIFE_COSTS.map((name) => `${name} = ?`).join(", ")} WHERE id = ?`,
    ),
    addFormer: db.prepare("INSERT OR REPLACE INTO former VALUES (?, ?, ?, ?)"),
    addGap: db.prepare(
      "INSERT INTO gap (boot, since, until, lost, reason) VALUES (?, ?, ?, ?, ?)",
    ),
    latest: db.prepare("UPDATE image SET latest = max(coalesce(latest, 0), ?) WHERE id = ?"),
  };
}

/** A zombie that a scan has found, or its leader: its command line and its program are gone. */
export function isEmptied({ state, image: { parts } }: Process): boolean {
  return state !== "running" && parts.argv === null && parts.exe === null;
}

/** `life.span` of a process; null while it runs. */
export function spanOf(process: Process, born: number = Math.round(process.born)): number | null {
  if (process.alive || process.end === null) return null;
  return Math.max(0, Math.round(process.end) - born);
}
