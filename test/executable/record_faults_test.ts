/** Files that cannot be used, signals, other users: `fh record` does what it says. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { MIGRATIONS } from "../../src/history/schema.ts";
import { openLibc } from "../../ffi/mod.ts";
import { fillHistory } from "../bench/support/fill_history.ts";
import { temporaryFolder } from "../support/at_end.ts";
import { FH, runFh } from "../support/executable.ts";
import { LastingLoad } from "../support/lasting_load.ts";
import { Mounted, mountsMissing } from "../support/mounts.ts";
import { connectorMissing, run } from "../support/observe.ts";
import { programsMissing } from "../support/programs.ts";
import {
  compareRows,
  integrityOf,
  monotonicNs,
  readGaps,
  readRows,
  readRuns,
  recording,
  type Row,
  startRecorder,
  suspendedNs,
} from "../support/recorded.ts";
import { untilKnown } from "../support/questions.ts";
import { Receiver } from "../support/receiver.ts";
import { AS_NOBODY, Running } from "../support/running.ts";
import { unless } from "../support/unless.ts";

const LIVES = 2000;
const NOBODY = 65_534;
const PAGE = 4096;
const EVERY_LOAD = [
  "vfork,count=600,rate=1500",
  "spawn,count=100,rate=400,life=1000",
  "tree,count=5,depth=3,width=2,life=2000",
];
/** So many tasks are compared at least; those of another load beside may be among what is known. */
const MANY = 900;
/** What happened is known to the recorder after so long. */
const CAPTURE_NS = 200e6;

const folder = temporaryFolder("fh-record-");
chmodSync(folder, 0o755);

const rootMissing = process.getuid?.() === 0 ? null : "needs root";
const exactMissing = programsMissing ?? connectorMissing ?? rootMissing;

/** A sound history, to be made unusable. */
function createHistory(path: string): void {
  fillHistory(path, LIVES);
  rmSync(`${path}-lock`);
}

function withDatabase(path: string, sql: string): void {
  const db = new DatabaseSync(path);
  db.exec(sql);
  db.close();
}

/** Kinds of files, how they come to be, and what is said of PATH. */
const UNUSABLE: readonly (readonly [string, (path: string) => void, string])[] = [
  ["damaged", (path) => {
    createHistory(path);
    const bytes = readFileSync(path);
    bytes.fill(0xa5, 5 * PAGE, 25 * PAGE);
    writeFileSync(path, bytes);
  }, "PATH is damaged: WHAT; move it away, and try sqlite3 PATH .recover"],
  ["cut off", (path) => {
    createHistory(path);
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.subarray(0, 30 * PAGE));
  }, "PATH is damaged: WHAT; move it away, and try sqlite3 PATH .recover"],
  [
    "of a newer version",
    (path) => {
      createHistory(path);
      withDatabase(path, "PRAGMA user_version = 99");
    },
    `PATH is of version 99, this fh knows ${MIGRATIONS.length}; ` +
    "use a newer fh, or another file by --db",
  ],
  ["a database of another program", (path) => {
    withDatabase(path, "CREATE TABLE a (b); INSERT INTO a VALUES (1)");
  }, "PATH is a database, but no history of fh; choose another file by --db"],
  ["a text", (path) => {
    writeFileSync(path, "dear diary\n".repeat(1000));
  }, "PATH is damaged: file is not a database; move it away, and try sqlite3 PATH .recover"],
  ["a symbolic link", (path) => {
    createHistory(`${path}-real`);
    symlinkSync(`${path}-real`, path);
  }, "PATH is a symbolic link; choose another by --db"],
  ["a dangling symbolic link", (path) => {
    symlinkSync(`${path}-nowhere`, path);
  }, "PATH is a symbolic link; choose another by --db"],
  ["a hard link", (path) => {
    createHistory(path);
    linkSync(path, `${path}-too`);
  }, "PATH has a second name (a hard link); choose another by --db"],
  ["a folder", (path) => {
    mkdirSync(path);
  }, "PATH is not a file; choose another by --db"],
];

/** Hashes of all files of a folder that hold something; folders are left out. */
function contentOf(place: string): Record<string, string> {
  const files = readdirSync(place).filter((name) =>
    existsSync(join(place, name)) && statSync(join(place, name)).isFile() &&
    statSync(join(place, name)).size > 0
  );
  return Object.fromEntries(files.map((name) => {
    const bytes = readFileSync(join(place, name));
    return [name, createHash("sha256").update(bytes).digest("hex")];
  }));
}

function expectFailure(path: string, message: string, args: readonly string[] = []): void {
  const before = contentOf(join(path, ".."));
  const { status, stdout, stderr } = runFh(["record", "--db", path, ...args]);
  const [start, end] = `fh: Cannot use the history: ${message}\n`.split("WHAT");
  const expected = start!.replaceAll("PATH", path);
  if (end === undefined) assert.equal(stderr, expected);
  else assert.ok(stderr.startsWith(expected), stderr);
  assert.ok(stderr.endsWith((end ?? expected).replaceAll("PATH", path)), stderr);
  assert.deepEqual([status, stdout, stderr.split("\n").length], [1, "", 2], stderr);
  assert.deepEqual(contentOf(join(path, "..")), before);
}

for (const [kind, make, message] of UNUSABLE) {
  test(`fh record leaves a file alone that is ${kind}, and says so`, () => {
    const place = mkdtempSync(join(folder, "unusable-"));
    const path = join(place, "history.db");
    make(path);
    expectFailure(path, message);
  });
}

test("fh record takes no folder to which others may write", () => {
  const place = mkdtempSync(join(folder, "open-"));
  chmodSync(place, 0o777);
  const advice = "take that right away, or choose another by --db";
  expectFailure(join(place, "h.db"), `others may write to the folder ${place}; ${advice}`);
  assert.deepEqual(readdirSync(place), []);
});

test(...unless(mountsMissing, "fh record says so when the file system is read-only"), () => {
  const place = mkdtempSync(join(folder, "read-only-"));
  createHistory(join(place, "there.db"));
  using mounted = Mounted.readOnly(place);
  for (const name of ["there.db", "new.db"]) {
    const path = join(mounted.folder, name);
    const { status, stderr } = runFh(["record", "--db", path]);
    assert.equal(status, 1);
    assert.match(
      stderr,
      /^fh: Cannot use the history: \S+ is on a read-only file system; choose another .*\n$/,
    );
  }
  assert.deepEqual(readdirSync(place), ["there.db"]);
});

test("a second recorder is told of the first", async () => {
  const db = join(folder, "taken.db");
  await using fh = await startRecorder(db);
  const { status, stderr } = runFh(["record", "--db", db]);
  assert.equal(status, 1);
  const advice = "stop it, or choose another by --db";
  const who = `the recorder with pid ${fh.pid}`;
  assert.equal(stderr, `fh: Cannot use the history: ${who} writes to ${db}; ${advice}\n`);
  assert.equal((await fh.end("SIGTERM")).status, 0);
});

/** Waits until a history has more ends of loads than a test compares, all of them after a time. */
async function untilMany(db: string, since: number): Promise<void> {
  const from = Math.round(since + suspendedNs());
  await untilKnown(
    db,
    MANY,
    `comm LIKE 'load-%' AND started_boot_ns > ${from} AND ended_boot_ns > 0`,
  );
}

test(...unless(exactMissing, "SIGTERM under load: everything is written"), async () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    const db = join(folder, `${signal}.db`);
    await using fh = await startRecorder(db);
    const ready = monotonicNs();
    await using load = LastingLoad.start(...EVERY_LOAD);
    await untilMany(db, ready);
    const told = monotonicNs();
    const { status, stderr } = await fh.end(signal);
    const tasks = await load.stop();
    assert.equal(status, 0, stderr);
    assert.ok(!existsSync(`${db}-wal`));
    const file = new DatabaseSync(db, { readOnly: true });
    const [run] = readRuns(file);
    assert.ok(Number(run!["ended"]) >= told + suspendedNs());
    assert.equal(run!["lost"], 0);
    const all = tasks.filter(({ start, end }) => start > ready && end < told);
    assert.ok(all.length > 500);
    assert.deepEqual(compareRows(readRows(file), all), { missing: [], wrong: [] });
    assert.equal(integrityOf(file), "ok");
    file.close();
  }
});

test(...unless(exactMissing, "SIGHUP after the file was renamed begins a new one"), async () => {
  const [db, old] = [join(folder, "rotated.db"), join(folder, "rotated-old.db")];
  await using fh = await startRecorder(db);
  const ready = monotonicNs();
  await using load = LastingLoad.start(...EVERY_LOAD);
  await untilMany(db, ready);
  renameSync(db, old);
  const asked = monotonicNs();
  fh.kill("SIGHUP");
  await fh.until("word of the new file", () => fh.stderr.includes("opened again"));
  const opened = monotonicNs();
  await untilMany(db, opened);
  const told = monotonicNs();
  const { status, stderr } = await fh.end("SIGTERM");
  const tasks = await load.stop();
  assert.equal(status, 0, stderr);
  const files = [old, db].map((path) => new DatabaseSync(path, { readOnly: true }));
  const [before, since] = files.map(readRows);
  const check = (rows: readonly Row[], from: number, to: number) => {
    const within = tasks.filter(({ start, end }) => start > from && end < to);
    assert.ok(within.length > 500);
    assert.deepEqual(compareRows(rows, within), { missing: [], wrong: [] });
  };
  check(before!, ready, asked - CAPTURE_NS);
  check(since!, opened, told);
  check([...before!.filter(({ end }) => end !== null), ...since!], ready, told);
  for (const file of files) {
    assert.deepEqual(readGaps(file), []);
    assert.deepEqual(readRuns(file).map((one) => one["ended"] !== null), [true]);
    assert.equal(integrityOf(file), "ok");
    file.close();
  }
});

test("a service manager hears when it is ready, opens anew, and stops", async () => {
  const libc = await openLibc();
  const socket = join(folder, "notify");
  const receiver = new Receiver(libc, socket);
  const db = join(folder, "notified.db");
  const place = { FH_SOCKET: join(folder, "notified.sock"), NOTIFY_SOCKET: socket };
  const env = { PATH: process.env["PATH"] ?? "", ...place };
  await using fh = await startRecorder(db, [], { env });
  const heard: string[] = [];
  const hear = (pattern: RegExp) =>
    fh.until(`${pattern}`, () => {
      heard.push(...receiver.take().filter((message) => !message.startsWith("STATUS=")));
      return pattern.test(heard.at(-1) ?? "");
    });
  await hear(/^READY=1\nSTATUS=.*notified\.db$/);
  fh.kill("SIGHUP");
  await hear(/^READY=1\n/);
  await fh.until("word of the file", () => fh.stderr.includes("opened again"));
  assert.equal((await fh.end("SIGTERM")).status, 0);
  heard.push(...receiver.take());
  receiver.close();
  const words = heard.map((message) => /^\w+=1|^RELOADING/.exec(message)?.[0]);
  assert.deepEqual(words, ["READY=1", "RELOADING=1", "READY=1", "STOPPING=1"]);
});

test(...unless(rootMissing, "nobody records by polling, into files of its own"), async () => {
  const place = mkdtempSync(join(folder, "nobody-"));
  const copy = join(place, basename(FH));
  copyFileSync(FH, copy);
  chmodSync(copy, 0o755);
  chmodSync(place, 0o755);
  const state = join(place, "state");
  mkdirSync(state, { mode: 0o755 });
  await run("chown", [`${NOBODY}:${NOBODY}`, state]);
  const env = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", XDG_STATE_HOME: state };
  await using fh = Running.start([...AS_NOBODY, copy, "record", "--source", "poll"], {
    cwd: "/",
    env,
  });
  await recording(fh);
  assert.match(fh.stderr, /^fh: source poll: /);
  await run("sh", ["-c", "sleep 0.3; exit 5"]);
  const db = join(state, "fh", "history.db");
  await untilKnown(db, 1, "argv ->> 2 = 'sleep 0.3; exit 5' AND state = 'exited'");
  const modes = ["", "-wal", "-shm", "-lock"].map((suffix) => statSync(db + suffix).mode & 0o7777);
  assert.deepEqual(modes, [0o600, 0o600, 0o600, 0o600]);
  const { mode, uid } = statSync(join(state, "fh"));
  assert.deepEqual([mode & 0o7777, uid], [0o700, NOBODY]);
  const { status, stderr } = await fh.end("SIGTERM");
  assert.equal(status, 0, stderr);
  const file = new DatabaseSync(db, { readOnly: true });
  const found = file.prepare(
    "SELECT exit_code, uid FROM process WHERE argv ->> 2 = ? ORDER BY life DESC LIMIT 1",
  ).get("sleep 0.3; exit 5");
  assert.deepEqual({ ...found }, { exit_code: 5, uid: 0 });
  assert.deepEqual(readRuns(file).map((one) => one["source"]), ["poll"]);
  file.close();
});
