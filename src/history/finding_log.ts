/**
 * What a recorder has found to be wrong, written beside the lives.
 *
 * @module
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { KeptFinding } from "../model/kept_finding.ts";
import type { Process } from "../model/process.ts";
import type { Companion } from "./companion.ts";

/** Rows that are kept; beyond, the oldest of the user who has most of them go. */
export const FINDINGS_MAX = 5000;
/** So many go at a time. */
const ROOM = 100;
/** So many wait to be written; beyond, the first that are over go. */
export const WAITING_MAX = 1000;
/** Nobody knows whose it is. */
const NO_UID = -1;

/** Writes findings of one boot: a row for each, from its begin to its end. */
export class FindingLog implements Companion {
  readonly #bootId: string;
  readonly #statements: Statements;
  /** As they are to be in the file, by their numbers. */
  readonly #changed = new Map<number, KeptFinding>();
  #boot: number | null = null;
  #last: number;

  /** `bootId` is that of the boot that is recorded. What an earlier run left open is over. */
  constructor(db: DatabaseSync, bootId: string) {
    this.#bootId = bootId;
    this.#statements = prepare(db);
    db.exec("UPDATE finding SET over = 1 WHERE over = 0");
    this.#last = Number(db.prepare("SELECT max(id) AS last FROM finding").get()!["last"] ?? 0);
  }

  /** A number for a finding: that of its row where the file has it already. */
  numberOf({ kind, key, since }: KeptFinding): number {
    const row = this.#statements.same.get(this.#bootId, kind, key, Math.round(since));
    return row === undefined ? ++this.#last : Number(row["id"]);
  }

  /** A finding is as it is now. */
  put(id: number, finding: KeptFinding): void {
    this.#changed.delete(id);
    this.#changed.set(id, finding);
    if (this.#changed.size > WAITING_MAX) this.#changed.delete(this.#leastWanted());
  }

  /** What is over of the user who has most of those that wait, or the first of all. */
  #leastWanted(): number {
    const counts = new Map<number | null, number>();
    for (const { process: { uid } } of this.#changed.values()) {
      counts.set(uid, (counts.get(uid) ?? 0) + 1);
    }
    const [most] = [...counts].reduce((a, b) => b[1] > a[1] ? b : a);
    let first: number | null = null;
    for (const [id, { process: { uid }, isOver }] of this.#changed) {
      if (uid !== most) continue;
      if (isOver) return id;
      first ??= id;
    }
    return first!;
  }

  get dirty(): boolean {
    return this.#changed.size > 0;
  }

  write(): void {
    const { put, isThere, makeRoom, boot, count } = this.#statements;
    this.#boot ??= Number(boot.get(this.#bootId)!["id"]);
    for (const [id, finding] of this.#changed) {
      const { kind, key, since, until, isOver, count, process, by, facts } = finding;
      // Its row may have been dropped, or be in the file before this one.
      if (!this.#has(isThere, process)) continue;
      put.run(
        ...[id, this.#boot, kind, key, Math.round(since), Math.round(until), isOver ? 1 : 0, count],
        ...[process.key, by !== null && this.#has(isThere, by) ? by.key : null],
        ...[process.uid ?? NO_UID, JSON.stringify(facts)],
      );
    }
    const excess = this.#changed.size === 0 ? 0 : Number(count.get()!["rows"]) - FINDINGS_MAX;
    if (excess > 0) makeRoom.run(excess + ROOM);
  }

  committed(): void {
    this.#changed.clear();
  }

  #has(isThere: StatementSync, { key, pid }: Process): boolean {
    return key > 0 && isThere.get(key, this.#boot, pid) !== undefined;
  }
}

interface Statements {
  readonly boot: StatementSync;
  readonly put: StatementSync;
  readonly isThere: StatementSync;
  readonly same: StatementSync;
  readonly makeRoom: StatementSync;
  readonly count: StatementSync;
}

function prepare(db: DatabaseSync): Statements {
  return {
    boot: db.prepare("SELECT id FROM boot WHERE boot_id = ?"),
    put: db.prepare(
      "INSERT OR REPLACE INTO finding VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    ),
    isThere: db.prepare("SELECT 1 FROM life WHERE id = ? AND boot = ? AND pid = ?"),
    same: db.prepare(
      `SELECT finding.id FROM finding JOIN boot ON boot.id = finding.boot
        WHERE boot_id = ? AND kind = ? AND key = ? AND since = ?`,
    ),
    makeRoom: db.prepare(
      `DELETE FROM finding WHERE id IN (SELECT id FROM finding WHERE uid =
        (SELECT uid FROM finding GROUP BY uid ORDER BY count(*) DESC LIMIT 1) ORDER BY id LIMIT ?)`,
    ),
    count: db.prepare("SELECT count(*) AS rows FROM finding"),
  };
}
