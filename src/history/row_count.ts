/**
 * How many lives a history has, without ever reading all of them at once.
 *
 * @module
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type Ledger, PART_LIVES } from "./ledger.ts";

/** Parts that are counted in one call, of 4096 lives at most. */
const PARTS = 16;

/** Counts part by part: lives go from old parts at any time, and come to the last. */
export class RowCount {
  readonly #ledger: Pick<Ledger, "parts">;
  readonly #ofPart: StatementSync;
  /** By part, the one that was counted longest ago first. */
  readonly #counts = new Map<number, number>();

  constructor(db: DatabaseSync, ledger: Pick<Ledger, "parts">) {
    this.#ledger = ledger;
    this.#ofPart = db.prepare("SELECT count(*) AS n FROM life WHERE id >= ? AND id < ?");
  }

  /**
   * The number as far as it was counted: a part that was not yet is taken for as full as others
   * are. Up to 16 parts it is exact.
   */
  about(): number {
    const parts = new Set([...this.#ledger.parts].filter((part) => part >= 0));
    for (const part of [...this.#counts.keys()]) if (!parts.has(part)) this.#counts.delete(part);
    if (parts.size === 0) return 0;
    // From all over the file, so that they are like the others.
    const unknown = [...parts].filter((part) => !this.#counts.has(part));
    const step = Math.ceil(unknown.length / PARTS);
    const due = unknown.filter((_, index) => index % step === 0);
    const again = [...this.#counts.keys()].slice(0, PARTS - due.length);
    const last = parts.values().reduce((most, part) => Math.max(most, part));
    for (const part of new Set([...due, ...again, last])) this.#count(part);
    const sum = this.#counts.values().reduce((all, count) => all + count, 0);
    return Math.round(sum / this.#counts.size * parts.size);
  }

  #count(part: number): void {
    const from = part * PART_LIVES;
    const count = Number(this.#ofPart.get(from, from + PART_LIVES)?.["n"] ?? 0);
    this.#counts.delete(part);
    this.#counts.set(part, count);
  }
}
