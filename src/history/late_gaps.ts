/**
 * Gaps that arise in the history itself: what it had no room for, or what was beyond a share.
 *
 * @module
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";

/** What has come of one reason. */
export interface LateGap {
  readonly reason: string;
  readonly gaps: number;
  /** Events in them, as far as that is known. */
  readonly lost: number;
}

/** Tells what came since it was asked last. */
export class LateGaps {
  readonly #sums: StatementSync;
  readonly #reasons: string;
  #before: ReadonlyMap<string, LateGap>;

  /** `reasons` are those that are looked at, words of GAP_WORDS. */
  constructor(db: DatabaseSync, reasons: readonly string[]) {
    this.#sums = db.prepare(
      `SELECT reason, count(*) AS gaps, coalesce(sum(lost), 0) AS lost FROM gap
        WHERE reason IN (SELECT value FROM json_each(?)) GROUP BY reason`,
    );
    this.#reasons = JSON.stringify(reasons);
    this.#before = this.#read();
  }

  /** Old gaps are merged and forgotten at times: that is no news, and no loss is taken back. */
  news(): LateGap[] {
    const before = this.#before;
    this.#before = this.#read();
    return [...this.#before.values()].map(({ reason, gaps, lost }) => {
      const old = before.get(reason);
      return {
        reason,
        gaps: Math.max(0, gaps - (old?.gaps ?? 0)),
        lost: Math.max(0, lost - (old?.lost ?? 0)),
      };
    });
  }

  #read(): ReadonlyMap<string, LateGap> {
    return new Map(
      this.#sums.all(this.#reasons).map((row) => {
        const reason = String(row["reason"]);
        return [reason, { reason, gaps: Number(row["gaps"]), lost: Number(row["lost"]) }];
      }),
    );
  }
}
