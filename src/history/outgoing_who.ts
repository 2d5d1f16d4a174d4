/**
 * Lives of a history by name, for who has come past them: those that have ended since, and those
 * that run.
 *
 * @module
 */
import type { DatabaseSync } from "node:sqlite";
import { PageReader, Pages } from "./pages.ts";
import { column, TypedRows } from "./typed.ts";

/** A life, and the number of its row. */
export interface NumberedWho {
  readonly key: number;
  readonly bootId: string;
  readonly pid: number;
  /** Nanoseconds since boot. */
  readonly born: number;
}

/** Boots with their numbers. */
export type Boots = readonly (readonly [id: number, bootId: string])[];

/** A moment of the boot with that number, nanoseconds since it; null: before all. */
export type Since = { readonly boot: number; readonly ns: number } | null;

const WHO = [column("life.id", "key"), column("life.pid", "pid"), column("life.born", "time")];
/** An index has them in this order. */
const ENDED = {
  columns: WHO,
  from: "FROM life WHERE boot = ? AND span IS NOT NULL AND life.id <= ?",
  time: "life.born + life.span",
  key: "life.id",
};

/**
 * Lives with numbers up to `last` that have ended since a moment, a page at a time: as many as
 * there are, they are read as they are wanted, in whichever transactions.
 */
export function* endedSince(
  db: DatabaseSync,
  boots: Boots,
  since: Since,
  last: number,
): Generator<NumberedWho, void> {
  const pages = new Pages<readonly [number, number, number, string]>(db, ENDED, false);
  for (const [boot, bootId] of boots) {
    if (since !== null && boot < since.boot) continue;
    const begin = boot === since?.boot ? since.ns : 0;
    const stretch = { since: begin, until: Number.MAX_SAFE_INTEGER };
    const reader = new PageReader(pages, [boot, last], stretch, false);
    while (!reader.done) {
      for (const [key, pid, born] of reader.next()) yield { key, bootId, pid, born };
    }
  }
}

/** Lives with numbers up to `last` that run: a kernel has room for so many. */
export function runningUpTo(db: DatabaseSync, boots: Boots, last: number): NumberedWho[] {
  const rows = new TypedRows<readonly [number, number, number]>(
    db,
    WHO,
    "FROM life WHERE boot = ? AND span IS NULL AND life.id <= ?",
  );
  return boots.flatMap(([boot, bootId]) => {
    return rows.all(boot, last).map(([key, pid, born]) => ({ key, bootId, pid, born }));
  });
}
