/**
 * Reading a history file that others may have made: each value is asked for its type before it is
 * taken. SQLite lets a text stand where a number is declared, and a text may be a gigabyte long.
 *
 * @module
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { brokenValue, explainSql } from "./history_error.ts";

/** Numbers that may stand in a column, from and to. */
const NUMBERS = {
  /** A row of some table, exactly. */
  key: [0, Number.MAX_SAFE_INTEGER],
  pid: [0, 0xffffffff],
  /** -1 is not known. */
  uid: [-1, 0xffffffff],
  /** Nanoseconds; -1 is none. */
  time: [-1, 2 ** 63],
  /** Nanoseconds of the wall clock, from which times since boot are counted. */
  clock: [-(2 ** 63), 2 ** 63],
  count: [0, 2 ** 63],
  /** A wait status, or flags. */
  bits: [0, 0x7fffffff],
} as const;

/** Bytes of a name or another short text. */
const NAME_MAX = 64 << 10;
/** Bytes of a command line (--max-argv), a path and the like; what is longer is not read. */
const TEXT_MAX = 8 << 20;

/** Kinds of values: numbers, a short text, or what the table of texts holds. */
export type Kind = keyof typeof NUMBERS | "name" | "stored";

/** A column as a question has it. */
export interface Column {
  /** In messages: `life.pid`. */
  readonly name: string;
  readonly sql: string;
  readonly kind: Kind;
  /** NULL may stand there. */
  readonly nullable: boolean;
}

/** A column, or an expression, that must have a value. */
export function column(sql: string, kind: Kind): Column {
  return { name: sql, sql: guarded(sql, kind), kind, nullable: false };
}

/** The same where NULL may stand for what is not known. */
export function nullable(sql: string, kind: Kind): Column {
  return { ...column(sql, kind), nullable: true };
}

/** SQL of what is reckoned from a column: in a text SQLite would find some number or other. */
export function whole(name: string, expression: string): string {
  return `iif(typeof(${name}) IN ('integer', 'null'), ${expression}, '')`;
}

/** SQL that looks at the type alone before it loads a value: a wrong one comes as ''. */
function guarded(sql: string, kind: Kind): string {
  if (kind === "name") {
    return `CASE WHEN ${sql} IS NULL THEN NULL
      WHEN typeof(${sql}) = 'text' AND octet_length(${sql}) <= ${NAME_MAX} THEN ${sql} ELSE 0 END`;
  }
  if (kind === "stored") {
    return `CASE WHEN octet_length(${sql}) > ${TEXT_MAX} THEN octet_length(${sql}) ELSE ${sql} END`;
  }
  // A number above 2^53 comes as the nearest one, instead of as an error.
  return `CASE typeof(${sql}) WHEN 'integer' THEN CAST(${sql} AS REAL) WHEN 'null' THEN NULL
    ELSE '' END`;
}

/** A value of a column: a number, a text, bytes, or null. */
export type Value = number | string | Uint8Array | null;

/** What a text that is too long is shown as. */
export function leftOut(bytes: number): string {
  return `[${bytes} bytes]`;
}

/** A question whose answers are rows of known types, as arrays in the order of the columns. */
export class TypedRows<Row> {
  readonly #columns: readonly Column[];
  readonly #statement: StatementSync;

  /** Asks for `columns`; `rest` is the SQL behind them, from FROM on. */
  constructor(db: DatabaseSync, columns: readonly Column[], rest: string) {
    this.#columns = columns;
    const names = columns.map(({ sql }) => sql).join(", ");
    this.#statement = explained(() => {
      const statement = db.prepare(`SELECT ${names} ${rest}`);
      (statement as StatementSync & { setReturnArrays(on: boolean): void }).setReturnArrays(true);
      return statement;
    });
  }

  /** All rows. Throws HistoryError where a value is none of its kind, or the file is damaged. */
  all(...parameters: (number | string | null)[]): Row[] {
    const rows = explained(() => this.#statement.all(...parameters)) as unknown as Value[][];
    for (const row of rows) this.#check(row);
    return rows as unknown as Row[];
  }

  /** The first row; undefined when there is none. Throws as {@linkcode TypedRows.all}. */
  get(...parameters: (number | string | Uint8Array | null)[]): Row | undefined {
    const row = explained(() => this.#statement.get(...parameters)) as unknown;
    if (row === undefined) return undefined;
    this.#check(row as Value[]);
    return row as Row;
  }

  /** Row by row. Throws as {@linkcode TypedRows.all}. */
  *iterate(...parameters: (number | string | null)[]): Generator<Row, void> {
    const rows = explained(() => this.#statement.iterate(...parameters));
    try {
      while (true) {
        const { done, value } = explained(() => rows.next());
        if (done) return;
        this.#check(value as unknown as Value[]);
        yield value as unknown as Row;
      }
    } finally {
      // Who wants no more rows leaves no statement at work.
      rows.return?.();
    }
  }

  /** Checks a row, and puts a note in the place of what is too long. */
  #check(row: Value[]): void {
    const columns = this.#columns;
    for (let at = 0; at < columns.length; at++) {
      const { name, kind, nullable } = columns[at]!;
      const value = row[at]!;
      if (value === null) {
        if (!nullable) throw brokenValue(name, "is missing");
      } else if (kind === "name") {
        if (typeof value !== "string") throw brokenValue(name, "is no short text");
      } else if (kind === "stored") {
        if (typeof value !== "number") continue;
        if (value <= TEXT_MAX) throw brokenValue(name, "is no text");
        row[at] = leftOut(value);
      } else {
        if (typeof value !== "number") throw brokenValue(name, "is no whole number");
        const [from, to] = NUMBERS[kind];
        if (value < from || value > to) throw brokenValue(name, "is out of range");
      }
    }
  }
}

/** What SQLite finds wrong while it reads, as a sentence. */
function explained<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw explainSql("it", error);
  }
}
