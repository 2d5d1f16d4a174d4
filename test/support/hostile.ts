/**
 * History files as somebody else might prepare them, each made by SQL.
 *
 * @module
 */
import { copyFileSync, readFileSync, rmSync } from "node:fs";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { exec, exit, fork, scan } from "./events.ts";
import { TestRecorder } from "./past.ts";

const S = 1e9;
/** What no text of a file may bring onto a line of its own, or onto a terminal. */
const FORGED = `1,"x":"\x1b]0;forged\x07\u009b2J\u202e\n{"event":"forged"}`;
const LITERAL = `'${FORGED.replaceAll("'", "''")}'`;

/** A file to be made. */
export interface Hostile {
  readonly name: string;
  /** SQL that makes it of an honest file, or what does. */
  readonly make: string | ((db: DatabaseSync) => void);
  /** What every question is answered with; undefined where it gets an answer. */
  readonly refused?: RegExp;
  /** A column of which some question must say that there is no number in it. */
  readonly damaged?: string;
}

const ALWAYS = "--since=1970-01-02T00:00:00Z";

/** Questions to a history, each without its path; 4711 is a pid in all of them. */
export const QUESTIONS: readonly (readonly string[])[] = [
  ["log", "--json", ALWAYS, "--event=fork,exec,exit"],
  ["log", "--tree", ALWAYS],
  ["log", "--match=.", "--pid=4711"],
  ["tree", "--json", ALWAYS],
  ["tree", `${process.pid}`],
  ["why", "4711", "--json"],
  ["why", `${process.pid}`],
  ["account", "--json", ALWAYS],
  ["account", "--csv", "--by=job"],
  ["job", "list", "--all", "--json"],
  ["job", "show", "build"],
  ["job", "export"],
  ["watch", "--source=replay", "--json"],
  ["record", "--status"],
];

/** Those that read all of the tables. */
export const FEW_QUESTIONS = QUESTIONS.filter((args) => {
  return args.includes("--json") || args[1] === "export";
});

/** How a question ended; the status is null when it did not end by itself. */
export interface Answer {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What is wrong with an answer; null when nothing is. */
export function wrongAnswer(
  args: readonly string[],
  { status, stdout, stderr }: Answer,
  { refused }: Hostile,
): string | null {
  if (status === null) return "it did not end by itself";
  const lines = stderr.split("\n").slice(0, -1);
  // CSV is for other programs: names stand there as they are, except on a terminal.
  const shown = args.includes("--csv") ? stderr : stdout + stderr;
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]/.test(shown)) return "control characters";
  if (/\n\{"event":"forged"/.test(`\n${stdout}`)) return "a forged line";
  if (/Error\b|undefined|null is|evaluating|\[object/.test(stderr)) return "a raw error";
  if (!lines.every((line) => /^(?:fh: | {2}\S)/.test(line))) return "no sentence";
  if (refused !== undefined && (status === 0 || !refused.test(lines.at(-1)!))) return "no refusal";
  if (!args.includes("--json")) return null;
  try {
    for (const line of stdout.split("\n")) if (line !== "") JSON.parse(line);
    return null;
  } catch {
    return "no JSON";
  }
}

/** Makes a file of an honest one. */
export function makeHostile({ make }: Hostile, honest: string, path: string): void {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
  copyFileSync(honest, path);
  const db = new DatabaseSync(path);
  db.exec("PRAGMA journal_mode = DELETE; PRAGMA foreign_keys = OFF");
  if (typeof make === "string") db.exec(make);
  else make(db);
  db.close();
}

/** Columns that have numbers, with one that reads them. */
const NUMBERS: readonly string[] = [
  ...["pid", "born", "span", "parent", "ppid", "reaper", "status", "image", "exec", "flags"]
    .map((name) => `life.${name}`),
  "life.boot",
  "life.user_us",
  "life.peak_kib",
  "image.uid",
  "image.comm",
  "image.argv",
  "clock.since",
  "clock.epoch",
  "run.since",
  "run.kept",
  "run.seen",
  "run.pid",
  "run.lost",
  "run.boot",
  "gap.lost",
  "former.since",
  "job.owner",
  "job.since",
  "job.until",
  "job.started",
  "job.boot",
  "job.last_pid",
  "job_total.uid",
  "job_total.processes",
  "job_total.elapsed_us",
  "member.since",
  "life.faults",
];
/** A text in these matches no question. */
const UNREAD: readonly string[] = ["gap.since", "gap.until", "member.life"];

function setAll(column: string, value: string): string {
  const [table, name] = column.split(".");
  return `UPDATE OR IGNORE ${table} SET ${name} = ${value}`;
}

/** A table that is replaced by a view of the same columns, one of which never ends. */
function viewOf(db: DatabaseSync): void {
  const columns = db.prepare("SELECT name FROM pragma_table_info('life')").all();
  const names = columns.map(({ name }) => String(name));
  const endless =
    "(WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n)";
  db.exec("DROP VIEW process; ALTER TABLE life RENAME TO lives");
  db.exec(
    `CREATE VIEW life AS SELECT ${
      names.map((name) => name === "pid" ? `${endless} AS pid` : name).join(", ")
    } FROM lives`,
  );
}

/** What stands in sqlite_schema of one object is changed. */
function redefine(name: string, from: RegExp, to: string): (db: DatabaseSync) => void {
  return (db) => {
    const row = db.prepare("SELECT sql FROM sqlite_schema WHERE name = ?").get(name)!;
    (db as DatabaseSync & { enableDefensive?(on: boolean): void }).enableDefensive?.(false);
    db.exec("PRAGMA writable_schema = ON");
    db.prepare("UPDATE sqlite_schema SET sql = ? WHERE name = ?")
      .run(String(row["sql"]).replace(from, to), name);
    db.exec("PRAGMA writable_schema = OFF");
  };
}

const NOT_OURS =
  /^fh: Cannot use the history: .* that no fh has made; choose another file by --db$/;
const DAMAGED = /^fh: Cannot use the history: \S+ is damaged: /;

/** A process and its parent of this host, each the parent of the other. */
function ringOfLiving(db: DatabaseSync): void {
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  db.prepare("UPDATE boot SET boot_id = ?").run(boot);
  db.exec("DELETE FROM life");
  const put = db.prepare(
    `INSERT INTO life (id, boot, pid, born, parent, image, flags)
      VALUES (?, 1, ?, ?, ?, (SELECT min(id) FROM image), 0)`,
  );
  for (const [id, pid, parent] of [[1, process.pid, 2], [2, process.ppid, 3]] as const) {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    put.run(id, pid, Number(stat[19]) * 10_000_000, parent);
  }
  put.run(3, 4_194_300, 1, 1);
}

/** Files that are soon read, or refused. */
export const HOSTILE: readonly Hostile[] = [
  ...UNREAD.map((column) => ({ name: `text in ${column}`, make: setAll(column, LITERAL) })),
  ...NUMBERS.map((column) => ({
    name: `text in ${column}`,
    make: setAll(column, LITERAL),
    damaged: column.split(".")[1]!,
  })),
  ...([
    ["life.pid", "9223372036854775807"],
    ["life.born", "-9223372036854775808"],
    ["life.span", "1e300"],
    ["life.flags", "x'00'"],
    ["image.uid", "-9223372036854775808"],
    ["run.seen", "9223372036854775807"],
    ["gap.lost", "1e300"],
  ] as const).map(([column, value]) => ({
    name: `${value} in ${column}`,
    make: setAll(column, value),
  })),
  ...[
    "run.source",
    "run.why",
    "run.version",
    "gap.reason",
    "boot.boot_id",
    "job.name",
    "text.value",
  ]
    .map((column) => ({ name: `control characters in ${column}`, make: setAll(column, LITERAL) })),
  { name: "numbers as texts", make: "UPDATE text SET value = 7" },
  {
    name: "argv that is no array of strings",
    make: `UPDATE text SET value = '[{"a":1},null,[[1]],"x"]'`,
  },
  {
    name: "argv that is deep",
    make: (db) => {
      db.prepare("UPDATE text SET value = ?").run("[".repeat(200_000) + "]".repeat(200_000));
    },
  },
  { name: "a view in place of a table", make: viewOf, refused: DAMAGED },
  {
    name: "one view more",
    make: "CREATE VIEW more AS SELECT 1",
    refused: NOT_OURS,
  },
  {
    name: "a trigger",
    make: "CREATE TRIGGER t AFTER INSERT ON life BEGIN DELETE FROM run; END",
    refused: NOT_OURS,
  },
  {
    name: "a table with a generated column",
    make: redefine("gap", /reason TEXT NOT NULL/, "reason AS (hex(zeroblob(900000000)))"),
    refused: NOT_OURS,
  },
  {
    name: "an index over an expression of its own",
    make: `CREATE INDEX more ON life (hex(zeroblob(100000)))`,
    refused: NOT_OURS,
  },
  { name: "a table that is missing", make: "DROP TABLE former", refused: DAMAGED },
  { name: "an index that is missing", make: "DROP INDEX life_pid", refused: DAMAGED },
  {
    name: "a definition that is none",
    make: redefine("gap", /^CREATE/, "CREATED"),
    refused: /^fh: /,
  },
  { name: "each its own parent", make: "UPDATE life SET parent = id" },
  {
    name: "parents in a ring",
    make: `UPDATE life SET parent = iif(id = (SELECT max(id) FROM life), 1, id + 1)`,
  },
  {
    name: "parents in a ring, born at the same time",
    make: `UPDATE life SET born = 5000000000,
      parent = iif(id = (SELECT max(id) FROM life), 1, id + 1)`,
  },
  { name: "a ring of the living", make: ringOfLiving },
  { name: "lives of no boot", make: "DELETE FROM boot" },
  { name: "nothing at all", make: "DELETE FROM life; DELETE FROM run; DELETE FROM text" },
];

/** What stands in a file with which a recorder is to go on; it does, or says why it does not. */
export const CONTINUED: readonly Hostile[] = [
  ...([
    ["life.pid", "-id"],
    ["life.pid", "9007199254740993 + id"],
    ["life.image", "9007199254740993 + id"],
    ["life.born", "9223372036854775807"],
    ["image.uid", "9223372036854775807"],
    ["run.seen", "9223372036854775807"],
    ["job.owner", "9223372036854775807"],
    ["usage.uid", "9223372036854775807"],
  ] as const).map(([column, value]) => ({
    name: `${value} in ${column}`,
    make: `UPDATE life SET span = NULL; UPDATE job SET until = NULL; ${setAll(column, value)}`,
  })),
  ...["life", "image", "text", "boot", "job"].map((table) => ({
    name: `a number above all in ${table}`,
    make: `UPDATE ${table} SET id = 9223372036854775807
      WHERE id = (SELECT max(id) FROM ${table})`,
  })),
  {
    name: "a rule that is no JSON",
    make: "INSERT INTO job_rule VALUES (1, 'build', 0, '{no', 0), (2, 'other', 0, '[1]', 0)",
  },
];

/** Files that want time or memory. */
export const HEAVY: readonly Hostile[] = [
  {
    name: "a chain of 30 000 generations that exec late",
    make: `WITH RECURSIVE n (i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 31000)
      INSERT INTO life (id, boot, pid, born, span, parent, image, exec, flags)
      SELECT i, 1, 4711, 6000000000 + i, 900000, nullif(i - 1, 999), 1, 800000, 0 FROM n`,
  },
  {
    name: "a text of 180 MB",
    make: "UPDATE text SET value = hex(zeroblob(90000000)) WHERE id = 1",
  },
  {
    name: "a number of 180 MB",
    make: "UPDATE life SET pid = hex(zeroblob(90000000)) WHERE id = 2",
  },
  {
    name: "a name of 180 MB",
    make: "UPDATE run SET why = hex(zeroblob(90000000))",
  },
  {
    name: "60 texts of 16 MB",
    make: `INSERT INTO text (id, hash, value)
        WITH RECURSIVE n (i) AS (SELECT 900 UNION ALL SELECT i + 1 FROM n WHERE i < 960)
        SELECT i, i, hex(zeroblob(8000000)) FROM n;
      INSERT INTO image (id, argv, latest)
        SELECT id, id, NULL FROM text WHERE id >= 900;
      INSERT INTO life (id, boot, pid, born, span, image, exec, flags)
        SELECT id, 1, 4711, 6000000000 + id, 900000, id, 5, 0 FROM text WHERE id >= 900`,
  },
];

/** Makes a file of {@linkcode honestHistory} that nobody writes any more. */
export function copyHonest(path: string): void {
  using past = honestHistory();
  copyFileSync(past.path, path);
}

/** An honest history with a bit of everything; the caller removes it. */
export function honestHistory(): TestRecorder {
  const past = new TestRecorder();
  past.tell(
    ...scan(S, S, [
      { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] },
      { pid: 100, ppid: 1, start: 5e8, argv: ["/bin/sh"] },
    ]),
    fork(2 * S, 200, 100),
    exec(2 * S + 1, 200, "/bin/first", "-x"),
    exec(3 * S, 200, "/bin/second", "-y"),
    fork(3 * S + 2, 4711, 200),
    exec(3 * S + 9, 4711, "/bin/third"),
    exit(5 * S, 4711, 0x100),
    exit(7 * S, 200, 9),
  );
  past.flush();
  past.db.exec(
    `INSERT INTO gap (boot, since, until, lost, reason)
      VALUES (1, 4000000000, 4100000000, 3, 'overflow');
    INSERT INTO job VALUES (1, 'build', 0, 1, 2000000000, 6000000000, 2, 0, 4711, 0);
    INSERT INTO job_total VALUES (1, 'third', 0, 1, 1, 5, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1);
    INSERT INTO member VALUES (1, (SELECT id FROM life WHERE pid = 4711), NULL, NULL);
    UPDATE life SET user_us = 5, system_us = 5, faults = 5, peak_kib = 5, read_bytes = 5,
      write_bytes = 5, vcsw = 5, icsw = 5 WHERE span IS NOT NULL`,
  );
  return past.end();
}
