/**
 * Accounting files that a kernel has written, held against what dump-acct, sa and wait4(2) say.
 * Accounting belongs to a pid namespace: that of the host stays as it is, and the one that is
 * switched on here ends with its namespace, whatever becomes of the test.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { before, test } from "node:test";
import { temporaryFolder } from "../support/at_end.ts";
import { FH, runFh, runProgram } from "../support/executable.ts";
import { program, programsMissing } from "../support/programs.ts";
import { unless } from "../support/unless.ts";

const folder = temporaryFolder("fh-accounting-");

const ACCT = join(folder, "acct");
const JOBS = join(folder, "jobs");
const HOSTILE = 'a\x1b[2J,"';

/** As the first process of a pid namespace: has the kernel account what the program makes. */
const SCRIPT = 'accton "$1" > /dev/null && shift && "$@"; status=$?; accton off; exit $status';
const ACTIONS = [
  "exit=3",
  "kill=9",
  "burn=300",
  "touch=2000",
  "sleep=250",
  // Twice the pid of the one that slept, within a second.
  "again=7",
  "again=0",
  "kill=6",
  `name=${HOSTILE}`,
];

function inNamespace(...command: readonly string[]) {
  const place = ["--pid", "--fork", "--mount-proc", "sh", "-c", SCRIPT, "sh"];
  return runProgram("unshare", [...place, ...command]);
}

/** dump-acct has no option that only asks whether it is there. */
function has(command: string): boolean {
  return runProgram("sh", ["-c", 'command -v "$1"', "sh", command]).status === 0;
}

/** Why this cannot be tried; null when it can. */
function obstacle(): string | null {
  if (programsMissing !== null) return programsMissing;
  if (process.getuid?.() !== 0) return "needs root";
  for (const name of ["unshare", "accton", "dump-acct", "sa"]) {
    if (!has(name)) return `needs ${name}: apt-get install acct util-linux`;
  }
  const probe = join(folder, "probe");
  writeFileSync(probe, "");
  const { status, stderr } = inNamespace(probe, "true");
  return status === 0 ? null : `needs acct(2): ${stderr.trim()}`;
}

const missing = obstacle();

/** What wait4(2) has told of a child, beside its line of the job file. */
interface Truth {
  readonly job: number;
  readonly pid: number;
  readonly id: string;
  readonly status: number;
  readonly minor: number;
  readonly user_us: number;
}

/** The children by their order, each once. */
function readTruth(): Truth[] {
  const lines = readFileSync(JOBS, "utf8").trim().split("\n").map((line) => JSON.parse(line));
  return lines.filter(({ job }: Truth) => job === 1);
}

function fhRows(...args: readonly string[]) {
  const { status, stdout } = runFh(["account", "--json", ...args]);
  assert.equal(status, 0);
  return stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
}

before(() => {
  if (missing !== null) return;
  writeFileSync(ACCT, "");
  const { status, stderr } = inNamespace(ACCT, program("accounts")!, JOBS, ...ACTIONS);
  assert.equal(status, 0, stderr);
});

/** dump-acct's columns, as fh names and counts them. */
function readDump(path: string) {
  const options = { env: { ...process.env as Record<string, string>, TZ: "UTC" } };
  const { stdout } = runProgram("dump-acct", [path], options);
  return stdout.trimEnd().split("\n").map((line) => {
    const columns = line.split("|").map((text) => text.trim());
    const [comm, version, user, system, elapsed, uid, gid, memory, io] = columns;
    const [pid, ppid, flags, status, , start] = columns.slice(9);
    return {
      comm,
      version: Number(version!.slice(1)),
      user_ns: Number(user) * 1e7,
      system_ns: Number(system) * 1e7,
      elapsed_ns: Number(elapsed) * 1e7,
      uid: Number(uid),
      gid: Number(gid),
      memory_kib: Number(memory),
      io: Number(io),
      pid: Number(pid),
      ppid: Number(ppid),
      flags: flags!.replaceAll(" ", ""),
      status: Number(status),
      started: `${new Date(`${start} UTC`).toISOString().slice(0, 19)}Z`,
    };
  });
}

const LETTERS: Readonly<Record<string, string>> = { su: "S", fork: "F", core: "D", signal: "X" };

test(...unless(missing, "fh account -d shows each record as dump-acct does"), () => {
  const rows = fhRows("-d", "-a", ACCT);
  assert.ok(rows.length > ACTIONS.length);
  const shown = rows.map((row) => ({
    comm: row.comm,
    version: row.version,
    user_ns: row.user_ns,
    system_ns: row.system_ns,
    elapsed_ns: row.elapsed_ns,
    uid: row.uid,
    gid: row.gid,
    memory_kib: row.memory_kib,
    io: row.io,
    pid: row.pid,
    ppid: row.ppid,
    // The order of dump-acct.
    flags: ["su", "fork", "core", "signal"].filter((name) => row.flags.includes(name))
      .map((name) => LETTERS[name]).join(""),
    status: row.exit_code ?? 0,
    started: row.started,
  }));
  assert.deepEqual(shown, readDump(ACCT));
});

test(...unless(missing, "fh account -d tells how each child ended, as wait4(2) does"), () => {
  const truth = readTruth();
  assert.deepEqual(truth.map(({ pid }) => pid).slice(4, 7), Array(3).fill(truth[4]!.pid));
  const [parent] = fhRows("-d", "-a", ACCT, "-c", "accounts*").filter(({ flags }) => {
    return !flags.includes("fork");
  });
  const rows = fhRows("-d", "-a", ACCT).filter(({ ppid }) => ppid === parent.pid);
  assert.deepEqual(
    rows.map(({ pid, minor_faults }) => [pid, minor_faults]),
    truth.map(({ pid, minor }) => [pid, minor]),
  );
  const ends = rows.map(({ exit_code, signal }) => exit_code ?? signal);
  assert.deepEqual(ends, [3, "SIGKILL", 0, 0, 0, 7, 0, "SIGABRT", 0]);
  assert.ok(rows[3].minor_faults >= 2000 && rows[4].minor_faults < 2000);
  assert.ok(rows[4].elapsed_ns >= 240e6 && rows[5].elapsed_ns < rows[4].elapsed_ns);
  // The kernel samples it at clock ticks: on a busy host most of them may hit others.
  const cpu = rows[2].user_ns + rows[2].system_ns;
  assert.ok(cpu >= 10e6 && cpu < 900e6, String(cpu));
  assert.equal(rows[8].comm, HOSTILE);
});

/** What sa prints of a line: how often, and seconds, which it gives per call. */
function readSa(...args: readonly string[]) {
  const seconds = ["--dont-read-summary-files", "--print-seconds", "--separate-times"];
  const { stdout } = runProgram("sa", [...seconds, ...args, ACCT]);
  const line = /^(.*?) +(\d+) +([\d.]+)re +([\d.]+)u +([\d.]+)s +\d+avio +\d+k *(.*)$/;
  return stdout.trimEnd().split("\n").map((text) => {
    const [, user, count, real, utime, stime, command] = line.exec(` ${text}`)!;
    const times = [real, utime, stime].map((text) => Number(text) * Number(count));
    const numbers = [Number(count), ...times];
    return { name: `${user!.trim()}${command}`, numbers };
  });
}

/** The same of fh. */
function numbersOf(row: Readonly<Record<string, number>>): number[] {
  const times = ["elapsed_ns", "user_ns", "system_ns"].map((name) => row[name]! / 1e9);
  return [row["processes"]!, ...times];
}

/** As near as hundredths of a second for each call are. */
function near(shown: readonly number[], expected: readonly number[], what: string): void {
  assert.equal(shown[0], expected[0], what);
  const tolerance = 0.0051 * shown[0]!;
  expected.forEach((value, at) => {
    assert.ok(Math.abs(shown[at]! - value) <= tolerance, `${what}: ${shown} is not ${expected}`);
  });
}

test(...unless(missing, "fh account -x --by command sums up as sa -a does"), () => {
  // sa counts those that did not exec apart, with a star.
  const [total, ...commands] = readSa("--list-all-names");
  const sums = new Map<string, number[]>();
  for (const { name, numbers } of commands) {
    const command = name.replace(/\*$/, "");
    const before = sums.get(command) ?? [0, 0, 0, 0];
    sums.set(command, before.map((value, at) => value + numbers[at]!));
  }
  const rows = fhRows("-x", "-a", ACCT, "--by", "command");
  assert.deepEqual(rows.map(({ command }) => command).sort(), [...sums.keys()].sort());
  for (const row of rows) near(numbersOf(row), sums.get(row.command)!, row.command);
  assert.equal(fhRows("-x", "-a", ACCT)[0].processes, total!.numbers[0]);
});

test(...unless(missing, "fh account -x --by user counts as sa -m does"), () => {
  const [, ...users] = readSa("--user-summary");
  const rows = fhRows("-x", "-a", ACCT, "--by", "user");
  assert.deepEqual(
    rows.map(({ user, processes }) => [user, processes]),
    users.map(({ name, numbers }) => [name, numbers[0]]),
  );
});

test(...unless(missing, "fh account -x -j gives each job the records of its members"), () => {
  const truth = readTruth();
  const { stdout, stderr } = runFh(["account", "-x", "-a", ACCT, "-j", JOBS, "--json"]);
  const [first, second] = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  const sum = (rows: readonly Truth[]) => rows.reduce((total, { minor }) => total + minor, 0);
  assert.deepEqual([first.members, first.accounted, first.failed], [9, 9, 4]);
  assert.equal(first.minor_faults, sum(truth));
  const inSecond = truth.filter((_, at) => at % 2 === 1);
  assert.deepEqual([second.members, second.accounted, second.failed], [4, 4, 3]);
  assert.equal(second.minor_faults, sum(inSecond));
  assert.ok(first.elapsed_ns >= second.elapsed_ns + 240e6);
  assert.match(stderr, /^fh: accounted 13 of 13 members; \d+ records are of no member\n$/);
});

test(...unless(missing, "fh account --elsa has the lines of elsa(1) for a real file"), () => {
  const { status, stdout } = runFh(["account", "-x", "-a", ACCT, "-j", JOBS, "--elsa"]);
  assert.equal(status, 0);
  const form = [
    "Results for job ID \\d",
    "     Nbr of processes : \\d+",
    ...["Elapsed", "User", "System"].map((name) =>
      `     ${`${name} Time`.padEnd(16)} : \\d+\\.0 nsec`
    ),
    ...["Minor", "Major"].map((name) => `     ${name} Pagefaults : \\d+ page\\(s\\)`),
    "     Swaps            : 0 page\\(s\\)",
    "\n",
  ].join("\n");
  assert.match(stdout, new RegExp(`^(?:${form}){2}$`));
});

const tools = ["bash", "mkfifo"].filter((name) => !has(name));
const pipesMissing = tools.length > 0 ? `needs ${tools.join(", ")}` : null;
/** One v3 record of `true`. */
const RECORD = new Uint8Array(64);
RECORD.set([0, 3]);
RECORD.set(new TextEncoder().encode("true"), 48);

test(...unless(pipesMissing, "a pipe is read as a file is, also in odd pieces"), () => {
  const path = join(folder, "records");
  const pipe = join(folder, "pipe");
  const all = new Uint8Array(64 * 2000);
  for (let at = 0; at < 2000; at++) all.set(RECORD, 64 * at);
  writeFileSync(path, all);
  const script =
    'mkfifo "$2"; dd if="$1" of="$2" bs=97 2>/dev/null & "$3" account -d --json -a "$2"';
  const { status, stdout } = runProgram("bash", ["-c", script, "bash", path, pipe, FH]);
  assert.equal(status, 0);
  assert.equal(stdout.split("\n").length, 2001);
});

test(...unless(pipesMissing, "SIGTERM ends the wait for a silent pipe"), () => {
  const pipe = join(folder, "silent");
  // Opening the pipe for writing waits until fh has opened it.
  const script = 'mkfifo "$1"; "$2" account -d -a "$1" & exec 3> "$1"; kill $!; wait $!; echo $?';
  const { stdout, stderr } = runProgram("bash", ["-c", script, "bash", pipe, FH]);
  assert.deepEqual([stdout, stderr], ["0\n", ""]);
});

test(...unless(pipesMissing, "a reader that leaves ends it quietly"), () => {
  const path = join(folder, "many");
  const all = new Uint8Array(64 * 20_000);
  for (let at = 0; at < 20_000; at++) all.set(RECORD, 64 * at);
  writeFileSync(path, all);
  const script = '"$1" account -d -a "$2" | head -n 1 > /dev/null; echo "${PIPESTATUS[0]}"';
  const { stdout, stderr } = runProgram("bash", ["-c", script, "bash", FH, path]);
  assert.deepEqual([stdout, stderr], ["0\n", ""]);
});
