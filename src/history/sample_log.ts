/**
 * What the living have used so far, written down each minute beside the lives.
 *
 * @module
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Process } from "../model/process.ts";
import type { Companion } from "./companion.ts";
import type { RetentionLimits } from "./retention.ts";
import { HOUR_NS } from "./schema.ts";

/** Of what is older, one of each hour is kept; it is looked for so often. */
const DAY_NS = 24 * HOUR_NS;
const TEND_NS = HOUR_NS;
/** Lives whose samples are thinned out in one call. */
const TENDED_AT_ONCE = 20;
/** Samples that wait to be written: what is beyond is lost, and reckoned. */
const WAITING_MAX = 5000;

/** CPU time of a living process, all its threads, up to a time. */
export interface Sample {
  readonly process: Process;
  /** Nanoseconds since boot. */
  readonly at: number;
  readonly userUs: number;
  readonly systemUs: number;
}

/** Writes samples. */
export class SampleLog implements Companion {
  readonly #statements: Statements;
  /** How long they are kept, nanoseconds; Infinity: as long as their lives. */
  readonly #keepNs: number;
  #waiting: Sample[] = [];
  /** When old ones are thinned out next, and the life at which that is; null while it is not. */
  #tendAt = 0;
  #tended: number | null = null;

  constructor(db: DatabaseSync, { keepMs }: Pick<RetentionLimits, "keepMs">) {
    this.#statements = prepare(db);
    this.#keepNs = keepMs * 1e6;
  }

  add(samples: readonly Sample[]): void {
    this.#waiting = [...this.#waiting, ...samples].slice(-WAITING_MAX);
  }

  get dirty(): boolean {
    return this.#waiting.length > 0;
  }

  write(): void {
    let last = 0;
    for (const { process: { key }, at, userUs, systemUs } of this.#waiting) {
      if (key > 0) this.#statements.put.run(key, Math.round(at), userUs, systemUs);
      last = Math.max(last, at);
    }
    if (last > 0) this.#tend(last);
  }

  committed(): void {
    this.#waiting = [];
  }

  /** Thins out what is older than a day, of some lives in each call, of all once an hour. */
  #tend(now: number): void {
    if (this.#tended === null && now < this.#tendAt) return;
    const { lives, thin, forget } = this.#statements;
    const found = lives.all(this.#tended ?? 0, TENDED_AT_ONCE);
    for (const { life } of found) {
      thin.run(Number(life), Math.round(now - DAY_NS));
      if (this.#keepNs < now) forget.run(Number(life), Math.round(now - this.#keepNs));
    }
    this.#tended = found.length === 0 ? null : Number(found.at(-1)!["life"]);
    if (this.#tended === null) this.#tendAt = now + TEND_NS;
  }
}

interface Statements {
  readonly put: StatementSync;
  readonly lives: StatementSync;
  readonly thin: StatementSync;
  readonly forget: StatementSync;
}

function prepare(db: DatabaseSync): Statements {
  return {
    put: db.prepare("INSERT OR REPLACE INTO sample VALUES (?, ?, ?, ?)"),
    // From one life to the next by the key, however many samples each has.
    lives: db.prepare(
      `WITH RECURSIVE found (life) AS (
        SELECT min(life) FROM sample WHERE life > ?1
        UNION ALL SELECT (SELECT min(life) FROM sample WHERE life > found.life) FROM found
          WHERE life IS NOT NULL
      ) SELECT life FROM found WHERE life IS NOT NULL LIMIT ?2`,
    ),
    thin: db.prepare(
      `DELETE FROM sample WHERE life = ?1 AND at < ?2 AND at NOT IN
        (SELECT max(at) FROM sample WHERE life = ?1 AND at < ?2 GROUP BY at / ${HOUR_NS})`,
    ),
    forget: db.prepare("DELETE FROM sample WHERE life = ? AND at < ?"),
  };
}
