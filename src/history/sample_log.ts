/**
 * What the living have used so far, written down each minute beside the lives.
 *
 * @module
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Process } from "../model/process.ts";
import type { Companion } from "./companion.ts";
import { HOUR_NS } from "./schema.ts";

/** Of what is older, one of each hour is kept. */
const DAY_NS = 24 * HOUR_NS;

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

  constructor(db: DatabaseSync, keepMs: number) {
    this.#statements = prepare(db);
    this.#keepNs = keepMs * 1e6;
  }

  add(samples: readonly Sample[]): void {
    // While the disk is full the latest will do.
    this.#waiting = [...samples];
  }

  get dirty(): boolean {
    return this.#waiting.length > 0;
  }

  write(): void {
    const { put, thin, forget } = this.#statements;
    for (const { process: { key }, at, userUs, systemUs } of this.#waiting) {
      if (key <= 0) continue;
      put.run(key, Math.round(at), userUs, systemUs);
      const old = Math.round(at - DAY_NS);
      thin.run(key, Math.floor((old - 1) / HOUR_NS) * HOUR_NS, old);
      if (this.#keepNs < at) forget.run(key, Math.round(at - this.#keepNs));
    }
  }

  committed(): void {
    this.#waiting = [];
  }
}

interface Statements {
  readonly put: StatementSync;
  readonly thin: StatementSync;
  readonly forget: StatementSync;
}

function prepare(db: DatabaseSync): Statements {
  return {
    put: db.prepare("INSERT OR REPLACE INTO sample VALUES (?, ?, ?, ?)"),
    thin: db.prepare(
      `DELETE FROM sample WHERE life = ?1 AND at >= ?2 AND at < ?3
        AND at < (SELECT max(at) FROM sample WHERE life = ?1 AND at < ?3)`,
    ),
    forget: db.prepare("DELETE FROM sample WHERE life = ? AND at < ?"),
  };
}
