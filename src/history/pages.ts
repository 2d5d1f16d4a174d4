/**
 * Rows in the order of their times, a page at a time, each read once: however many have the same
 * time, and without a question that stays open between two pages.
 *
 * @module
 */
import type { DatabaseSync } from "node:sqlite";
import { type Column, column, TypedRows, type Value } from "./typed.ts";

/** Rows that are read at once. */
export const PAGE_ROWS = 500;

/** Below the numbers of all rows. */
const NONE = -1;

/** What is read, and by which index. */
export interface Source {
  /** The first of them is the row's number. */
  readonly columns: readonly Column[];
  /** SQL from FROM on, up to conditions that always hold. */
  readonly from: string;
  /** SQL of the time and of the number; an index has them in that order, or the time alone. */
  readonly time: string;
  readonly key: string;
}

/** Where a page has ended: the time as text, because a number above 2^53 is not exact. */
interface Cursor {
  readonly time: string | number;
  readonly key: number;
}

/** SQL behind the columns: what stands behind a cursor at the same time, and what is later. */
export function pageSql(
  { from, time, key }: Omit<Source, "columns">,
  backwards: boolean,
): { readonly same: string; readonly next: string } {
  const [beyond, within, order] = backwards ? ["<", ">=", "DESC"] : [">", "<", "ASC"];
  // The sign takes away the affinity, with which no index on an expression would do.
  const at = "+CAST(? AS NUMERIC)";
  return {
    same: `${from} AND ${time} = ${at} AND ${key} ${beyond} ? ORDER BY ${key} ${order} LIMIT ?`,
    next: `${from} AND ${time} ${beyond} ${at} AND ${time} ${within} ?
      ORDER BY ${time} ${order}, ${key} ${order} LIMIT ?`,
  };
}

/** Rows of one source; the time as text is their last value. */
export class Pages<Row extends readonly Value[]> {
  readonly #backwards: boolean;
  readonly #same: TypedRows<Row>;
  readonly #next: TypedRows<Row>;

  constructor(db: DatabaseSync, source: Source, backwards: boolean) {
    const all = [...source.columns, column(`CAST(${source.time} AS TEXT)`, "name")];
    const { same, next } = pageSql(source, backwards);
    this.#backwards = backwards;
    this.#same = new TypedRows(db, all, same);
    this.#next = new TypedRows(db, all, next);
  }

  /** A page behind a cursor, up to a time; `given` are the parameters of `from`. */
  read(given: readonly number[], { time, key }: Cursor, to: number): Row[] {
    // No number is below the least: nothing was read at that time yet, and nothing is wanted of it.
    const isBehindAll = this.#backwards && key === NONE;
    const rows = isBehindAll ? [] : this.#same.all(...given, time, key, PAGE_ROWS);
    if (rows.length === PAGE_ROWS) return rows;
    return rows.concat(this.#next.all(...given, time, to, PAGE_ROWS - rows.length));
  }
}

/** Reads the pages of a stretch, one after the other. */
export class PageReader<Row extends readonly Value[]> {
  readonly #pages: Pages<Row>;
  readonly #given: readonly number[];
  readonly #to: number;
  #cursor: Cursor;
  #done = false;

  /** From `since` up to `until`, which does not belong to it, or the other way round. */
  constructor(
    pages: Pages<Row>,
    given: readonly number[],
    { since, until }: { readonly since: number; readonly until: number },
    backwards: boolean,
  ) {
    this.#pages = pages;
    this.#given = given;
    this.#to = backwards ? since : until;
    // All that is at `since` belongs to it, nothing that is at `until`.
    this.#cursor = { time: backwards ? until : since, key: NONE };
    if (since >= until) this.#done = true;
  }

  /** Whether there is no further page. */
  get done(): boolean {
    return this.#done;
  }

  /** The next page. */
  next(): Row[] {
    const rows = this.#pages.read(this.#given, this.#cursor, this.#to);
    const last = rows.at(-1);
    if (last !== undefined) this.#cursor = { time: last.at(-1) as string, key: last[0] as number };
    if (rows.length < PAGE_ROWS) this.#done = true;
    return rows;
  }
}
