import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { openForReading, openForRecording } from "../../src/history/file.ts";
import { HistoryError } from "../../src/history/history_error.ts";
import { APPLICATION_ID, MIGRATIONS } from "../../src/history/schema.ts";
import { temporaryFolder } from "../support/at_end.ts";
import { runProgram } from "../support/executable.ts";
import { TestRecorder } from "../support/past.ts";
import { AS_NOBODY, FH_SOURCE } from "../support/running.ts";
import { unless } from "../support/unless.ts";

const folder = temporaryFolder("fh-file-");
let count = 0;

function fresh(): string {
  return join(folder, `h${count++}`, "history.db");
}

/** A path whose folder is there. */
function inFolder(): string {
  const path = fresh();
  mkdirSync(join(path, ".."), { mode: 0o700 });
  return path;
}

function refused(trouble: HistoryError["trouble"], message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof HistoryError, String(error));
    assert.equal(error.trouble, trouble, error.message);
    assert.match(error.message, message);
    assert.notEqual(error.advice, "");
    return true;
  };
}

test("an empty file that becomes a history is its owner's alone", () => {
  const mode = (of: string) => (statSync(of).mode & 0o7777).toString(8);
  const path = inFolder();
  for (const  of of[path, `${path}-lock`]) {
    writeFileSync(of, "");
    chmodSync(of, 0o644);
  }
  const history = openForRecording(path);
  for (const suffix of ["", "-wal", "-shm", "-lock"]) assert.equal(mode(path + suffix), "600");
  history.close();
  chmodSync(path, 0o640);
  openForRecording(path).close();
  assert.equal(mode(path), "640");
});

test("what made earlier versions never changes: files of them are held against it", () => {
  const hashes = MIGRATIONS.slice(0, 5).map((sql) => {
    return createHash("sha256").update(sql.replace(/\s+/g, " ").trim()).digest("hex");
  });
  assert.deepEqual(hashes, [
    "7e69329d2ddd90afc3fa69e1c899a6c90e85b17f866ece1b3574460c15e6f8bf",
    "82de2aa914b142ede16ea387e14e0fb0cb05c0c02a3b4c12321aab3d35e12f6e",
    "2d89b355c3b4900e778a42449540ed553df7db9a49e33f6c5e65d77e89de96a0",
    "3ca9c6c04a7d710381c95895ec4e02053853fd35c8911ace5327a43587df43f4",
    "6fd659ef73690f8b15c0cd7ffe051e10cc15112fdc4f87da03de88cc5aed560a",
  ]);
});

test("a new history is its owner's alone, in a folder that is too", () => {
  const path = fresh();
  const { db, close } = openForRecording(path);
  const mode = (of: string) => (statSync(of).mode & 0o7777).toString(8);
  assert.deepEqual([mode(path), mode(join(path, ".."))], ["600", "700"]);
  const value = (name: string) => Object.values(db.prepare(`PRAGMA ${name}`).get()!)[0];
  assert.deepEqual(
    [value("application_id"), value("user_version"), value("journal_mode"), value("auto_vacuum")],
    [APPLICATION_ID, MIGRATIONS.length, "wal", 2],
  );
  close();
  openForRecording(path).close();
});

test("a second recorder is told the pid of the first, and may begin when that is gone", () => {
  using past = new TestRecorder();
  past.flush();
  assert.throws(
    () => openForRecording(past.path),
    refused("taken", /^the recorder with pid 99 writes to /),
  );
  past.end();
  openForRecording(past.path).close();
});

test("what somebody else may have put there is not written to", () => {
  const victim = join(folder, "victim");
  writeFileSync(victim, "precious");
  const link = inFolder();
  symlinkSync(victim, link);
  assert.throws(() => openForRecording(link), refused("unusable", /is a symbolic link$/));
  const dangling = inFolder();
  symlinkSync(join(folder, "not-there"), dangling);
  assert.throws(() => openForRecording(dangling), refused("unusable", /is a symbolic link$/));
  const hard = inFolder();
  linkSync(victim, hard);
  assert.throws(() => openForRecording(hard), refused("unusable", /has a second name/));
  const beside = inFolder();
  symlinkSync(victim, `${beside}-lock`);
  assert.throws(() => openForRecording(beside), refused("unusable", /-lock is a symbolic link$/));
  const open = inFolder();
  chmodSync(join(open, ".."), 0o1777);
  assert.throws(() => openForRecording(open), refused("unusable", /^others may write to the fold/));
  mkdirSync(join(open, "..", "history.db"), { recursive: true });
  chmodSync(join(open, ".."), 0o700);
  assert.throws(() => openForRecording(open), refused("unusable", /is not a file$/));
  assert.equal(readFileSync(victim, "utf8"), "precious");
});

test("a foreign, newer or damaged file is left as it is", () => {
  const check = (path: string, message: RegExp) => {
    const before = readFileSync(path);
    for (const open of [openForRecording, openForReading]) {
      assert.throws(() => open(path), refused("unusable", message), open.name);
    }
    assert.deepEqual(readFileSync(path), before);
  };
  const foreign = inFolder();
  const other = new DatabaseSync(foreign);
  other.exec("CREATE TABLE t (x)");
  other.close();
  check(foreign, /is a database, but no history of fh$/);
  const newer = fresh();
  const { db, close } = openForRecording(newer);
  db.exec(`PRAGMA user_version = ${MIGRATIONS.length + 1}; PRAGMA journal_mode = DELETE`);
  close();
  check(newer, new RegExp(`is of version ${MIGRATIONS.length + 1}, this fh knows`));
  const text = inFolder();
  writeFileSync(text, "this is a text, and a long one at that ".repeat(40));
  check(text, /is damaged: file is not a database$/);
});

test("a history with damage in the middle, or cut off, is not recorded into", () => {
  for (const damage of ["zeros", "cut"]) {
    const path = fresh();
    const { db, close } = openForRecording(path);
    db.exec("BEGIN");
    const insert = db.prepare("INSERT INTO text (hash, value) VALUES (?, ?)");
    for (let i = 0; i < 2000; i++) insert.run(i, `some text ${i}`.repeat(5));
    db.exec("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
    close();
    const bytes = readFileSync(path);
    if (damage === "cut") truncateSync(path, bytes.length / 2);
    else writeFileSync(path, bytes.fill(0xa5, bytes.length / 2, bytes.length / 2 + 8192));
    const before = readFileSync(path);
    assert.throws(() => openForRecording(path), refused("unusable", /is damaged: /), damage);
    assert.deepEqual(readFileSync(path), before);
  }
});

test("a history that is missing, empty, without its tables or not to be made says so", () => {
  assert.throws(() => openForReading(fresh()), refused("missing", /^there is no /));
  const empty = inFolder();
  writeFileSync(empty, "");
  assert.throws(() => openForReading(empty), refused("missing", /is empty$/));
  const bare = inFolder();
  const db = new DatabaseSync(bare);
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = 1; CREATE TABLE x (y)`);
  db.close();
  assert.throws(() => openForReading(bare), refused("unusable", /is damaged: no such table/));
  assert.throws(
    () => openForRecording("/proc/nowhere/history.db"),
    refused("unusable", /^cannot make \/proc\/nowhere/),
  );
});

test("an empty file becomes a history, and an earlier one is brought up to date", () => {
  const path = inFolder();
  writeFileSync(path, "", { mode: 0o600 });
  const { db, close } = openForRecording(path);
  const tables = () =>
    db.prepare("SELECT name FROM sqlite_schema WHERE type <> 'index' ORDER BY name").all();
  const names = tables().map(({ name }) => name);
  assert.ok(names.includes("life") && names.includes("process"), names.join());
  db.exec("INSERT INTO boot (boot_id) VALUES ('one')");
  close();
  const again = openForRecording(path);
  const [row] = again.db.prepare("SELECT boot_id FROM boot").all();
  assert.equal(row!["boot_id"], "one", "what is in it stays");
  again.close();
});

const root = process.getuid?.() === 0;
test(
  ...unless(root ? "root may read everything" : null, "a history that is closed to us says so"),
  () => {
    const path = fresh();
    openForRecording(path).close();
    chmodSync(path, 0);
    assert.throws(
      () => openForReading(path),
      refused("unusable", /is closed to you|unable to open/),
    );
  },
);

/** Why nobody cannot be asked; null when it can. */
function nobodyMissing(): string | null {
  if (!root) return "needs root to become nobody";
  const [command = "", ...args] = [...AS_NOBODY, "test", "-r", FH_SOURCE.at(-1)!];
  return runProgram(command, args).status === 0 ? null : "nobody cannot read the checkout";
}

const missing = nobodyMissing();
test(...unless(missing, "nobody neither reads nor writes what is root's"), () => {
  const path = fresh();
  openForRecording(path).close();
  const env = { PATH: process.env["PATH"] ?? "", HOME: "/nonexistent", DENO_DIR: folder };
  chmodSync(folder, 0o777);
  const ask = (...args: string[]) => {
    const [command = "", ...rest] = [...AS_NOBODY, ...FH_SOURCE, ...args, "--db", path];
    const { status, stderr } = runProgram(command, rest, { env, cwd: "/" });
    return [status, stderr];
  };
  const closed = `fh: Cannot use the history: ${path} is closed to you; ` +
    "run as its owner or as root, or choose another file by --db\n";
  assert.deepEqual(ask("log"), [1, closed]);
  assert.deepEqual(ask("record", "--source", "poll"), [1, closed]);
  chmodSync(join(path, ".."), 0o755);
  assert.deepEqual(ask("record", "--source", "poll"), [
    1,
    `fh: Cannot use the history: ${path} belongs to uid 0; choose another by --db\n`,
  ]);
});
