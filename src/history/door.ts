/**
 * What is asked of a history file before anything in it is believed: somebody else may have made
 * it, with a view where a table should be, or a pipe where SQLite expects its log.
 *
 * @module
 */
import { lstatSync, realpathSync, statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { damaged, HistoryError } from "./history_error.ts";
import { MIGRATIONS } from "./schema.ts";

/** What SQLite is told before it reads: run nothing that stands in the file, believe no length. */
export const GUARDS =
  "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0";

const ELSEWHERE = "choose another file by --db";
/** Beside a database: opening one that is no file would wait, or act on something else. */
const BESIDE = ["-wal", "-shm", "-journal"];
/** Longer names and definitions are none of ours. */
const SQL_MAX = 64 << 10;
const OBJECTS_MAX = 200;
/** What ANALYZE adds; read by SQLite alone. */
const STATISTICS: ReadonlyMap<string, string> = new Map([
  ["table sqlite_stat1", "CREATE TABLE sqlite_stat1(tbl,idx,stat)"],
  ["table sqlite_stat4", "CREATE TABLE sqlite_stat4(tbl,idx,neq,nlt,ndlt,sample)"],
]);

/** Throws HistoryError where the file, or one that SQLite opens beside it, is no regular file. */
export function checkFiles(path: string): void {
  if (!statSync(path).isFile()) throw noFile(path);
  const real = realpathSync(path);
  for (const suffix of BESIDE) {
    const found = lstatSync(real + suffix, { throwIfNoEntry: false });
    if (found !== undefined && !found.isFile()) throw noFile(real + suffix);
  }
}

function noFile(path: string): HistoryError {
  return new HistoryError("unusable", `${path} is not a file`, ELSEWHERE);
}

/**
 * Throws HistoryError where a database does not have just the tables, indexes and views that a
 * history of that version has, each defined as it is there.
 */
export function checkSchema(
  path: string,
  db: DatabaseSync,
  version: number,
  schema: "main" | "past" = "main",
): void {
  const expected = schemaOf(version);
  const found = readSchema(db, schema);
  const missing = new Set(expected.keys());
  for (const [object] of found) missing.delete(object);
  const [first] = missing;
  if (first !== undefined) throw damaged(path, `no such ${first.replace(" ", ": ")}`);
  for (const [object, sql] of found) {
    if (expected.get(object) === sql || STATISTICS.get(object) === sql) continue;
    const message = `${path} has a ${object.slice(0, 80)} that no fh has made`;
    throw new HistoryError("unusable", message, ELSEWHERE);
  }
}

const known = new Map<number, ReadonlyMap<string, string | null>>();

/** What a history of a version has, by kind and name, with its SQL. */
function schemaOf(version: number): ReadonlyMap<string, string | null> {
  let found = known.get(version);
  if (found === undefined) {
    const db = new DatabaseSync(":memory:");
    db.exec(MIGRATIONS.slice(0, version).join("\n"));
    found = new Map(readSchema(db, "main"));
    db.close();
    known.set(version, found);
  }
  return found;
}

function readSchema(db: DatabaseSync, schema: string): [object: string, sql: string | null][] {
  const rows = db.prepare(
    `SELECT
      CASE WHEN octet_length(name) < 1000 THEN type || ' ' || name ELSE 'object' END AS object,
      CASE WHEN octet_length(sql) > ${SQL_MAX} THEN '' ELSE sql END AS sql
      FROM ${schema}.sqlite_schema LIMIT ${OBJECTS_MAX}`,
  ).all();
  return rows.map(({ object, sql }) => {
    // Two spaces in place of one are no other definition.
    return [String(object), sql === null ? null : String(sql).replace(/\s+/g, " ")];
  });
}
