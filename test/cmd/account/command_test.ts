import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readAccounts } from "../../../src/acct/file.ts";
import { runCli } from "../../../src/commands.ts";
import { CommandError } from "../../../src/fault.ts";
import { mutated, randomBelow, SEED } from "../../proc/mutate.ts";
import { acctFile, type AcctParts } from "../../support/acct.ts";
import { temporaryFolder } from "../../support/at_end.ts";
import { fakeContext } from "../../support/fake_output.ts";

const folder = temporaryFolder("fh-account-");

let files = 0;

function fileOf(content: Uint8Array | string): string {
  const path = join(folder, `file-${files++}`);
  writeFileSync(path, content);
  return path;
}

const acctOf = (...parts: readonly (AcctParts | Uint8Array)[]) => fileOf(acctFile(...parts));

/** 2026-11-24T18:04:00Z. */
const START = 1_795_543_440;

/** A job file; `started` and `ended` are seconds after {@linkcode START}. */
function jobsOf(
  ...members: readonly { job: number; pid: number; started: number | null; ended?: number }[]
): string {
  const time = (seconds: number | null | undefined) => {
    if (seconds === null || seconds === undefined) return null;
    return new Date((START + seconds) * 1000).toISOString();
  };
  const lines = members.map(({ job, pid, started, ended }) => {
    const times = { started: time(started), ended: time(ended) };
    return JSON.stringify({ job, name: `job ${job}`, pid, unit: "other", ...times });
  });
  return fileOf(lines.join("\n"));
}

async function account(...argv: readonly string[]) {
  const context = fakeContext();
  const status = await runCli(context, ["account", ...argv]);
  return { status, stdout: context.stdout.text, stderr: context.stderr.text };
}

async function accountJson(...argv: readonly string[]) {
  const { status, stdout, stderr } = await account("--json", ...argv);
  const rows = stdout.split("\n").slice(0, -1).map((line) => JSON.parse(line));
  return { status, rows, stderr };
}

const HOSTILE = new Uint8Array([0x61, 0x1b, 0x5b, 0x0a, 0x22, 0x2c, 0xff]);

const SOME = acctOf(
  { pid: 10, ppid: 1, start: START, elapsed: 250, user: 200, system: 25, minor: 90, comm: "cc1" },
  { pid: 11, ppid: 1, start: START, elapsed: 6, status: 0x0300, comm: "sh", flags: 1, big: true },
  { pid: 12, start: START, status: 0x8b, comm: HOSTILE, flags: 0x1a, uid: 4e9, major: 9, swaps: 1 },
  { version: 2, big: true, start: START, elapsed: 100, user: 50, comm: "cc1", uid: 4e9 },
);

test("-d shows a file in columns, hostile names escaped", async () => {
  const { status, stdout, stderr } = await account("-d", "-a", SOME);
  assert.deepEqual([status, stderr], [0, ""]);
  const lines = stdout.split("\n").map((line) => line.replace(/^\S+ [\d:]+ +/, "").split(/ +/));
  assert.deepEqual(lines.map((words) => words.join(" ")), [
    "START ELAPSED UTIME STIME MINFLT MAJFLT PID PPID FLAGS EXIT USER COMMAND",
    "2.50s 2.00s 250ms 90 0 10 1 exit 0 root cc1",
    "60ms 0 0 0 0 11 1 F exit 3 root sh",
    '0 0 0 0 9 12 0 SDX SIGSEGV (core) 4000000000 a\\x1b[\\n",\ufffd',
    "1.00s 500ms 0 0 0 - - exit 0 4000000000 cc1",
    "",
  ]);
});

test("-d --json has all that a record tells", async () => {
  const { status, rows } = await accountJson("-d", "-a", SOME);
  assert.equal(status, 0);
  assert.deepEqual(rows[2], {
    comm: 'a\x1b[\n",\ufffd',
    pid: 12,
    ppid: 0,
    uid: 4e9,
    user: null,
    gid: 0,
    started: "2026-11-24T18:04:00Z",
    elapsed_ns: 0,
    user_ns: 0,
    system_ns: 0,
    minor_faults: 0,
    major_faults: 9,
    swaps: 1,
    memory_kib: 0,
    io: 0,
    rw: 0,
    exit_code: null,
    signal: "SIGSEGV",
    core: true,
    flags: ["su", "core", "signal"],
    version: 3,
  });
  assert.deepEqual([rows[3].pid, rows[3].ppid, rows[3].version], [null, null, 2]);
  assert.equal(rows[0].elapsed_ns, 2_500_000_000);
});

test("-d --csv has a heading, and quotes what CSV would take apart", async () => {
  const { stdout } = await account("-d", "--csv", "-a", SOME, "-c", "a*");
  const [head, line] = stdout.split("\r\n");
  assert.ok(head!.startsWith("comm,pid,ppid,uid,user,"), head);
  assert.ok(line!.startsWith('"a\x1b[\n"",\ufffd",12,0,4000000000,,0,'), line);
  assert.ok(line!.endsWith(",,SIGSEGV,true,su+core+signal,3"), line);
});

test("--user, --comm and --failed choose records", async () => {
  const pids = async (...argv: string[]) =>
    (await accountJson("-d", "-a", SOME, ...argv)).rows.map(({ pid }) => pid);
  assert.deepEqual(await pids("--failed"), [11, 12]);
  assert.deepEqual(await pids("-u", "root"), [10, 11]);
  assert.deepEqual(await pids("-c", "cc*", "-c", "sh"), [10, 11, null]);
  assert.deepEqual(await pids("-c", "sh", "-u", "4000000000"), []);
});

test("times that are none are null; the latest start is in 2106", async () => {
  const path = acctOf({ elapsed: NaN, start: 0xffffffff }, { elapsed: Infinity });
  const { rows } = await accountJson("-d", "-a", path);
  assert.deepEqual(rows.map((row) => row.elapsed_ns), [null, null]);
  assert.equal(rows[0].started, "2106-02-07T06:28:15Z");
  assert.match((await account("-d", "-a", path)).stdout, / {6}\? /);
  assert.equal((await accountJson("-x", "-a", path)).rows[0].elapsed_ns, 0);
});

test("-x sums up a file; --by command or user", async () => {
  const all = await accountJson("-x", "-a", SOME);
  assert.deepEqual(all.rows, [{
    processes: 4,
    failed: 2,
    elapsed_ns: 3_560_000_000,
    user_ns: 2_500_000_000,
    system_ns: 250_000_000,
    minor_faults: 90,
    major_faults: 9,
    swaps: 1,
  }]);
  const { rows } = await accountJson("-x", "-a", SOME, "--by", "command");
  assert.deepEqual(rows.map(({ command, processes, user_ns }) => [command, processes, user_ns]), [
    ["cc1", 2, 2_500_000_000],
    ['a\x1b[\n",\ufffd', 1, 0],
    ["sh", 1, 0],
  ]);
  const { stdout } = await account("-x", "-a", SOME, "--by", "user");
  assert.deepEqual(stdout.split("\n").map((line) => line.trim().replace(/ +/g, " ")), [
    "COUNT FAILED ELAPSED UTIME STIME MINFLT MAJFLT SWAPS USER",
    "2 1 2.56s 2.00s 250ms 90 0 0 root",
    "2 1 1.00s 500ms 0 0 9 1 4000000000",
    "",
  ]);
});

test("sums of more than 104 days are exact", async () => {
  const long = { elapsed: 2 ** 31, user: 0 };
  const path = acctOf(long, long, { ...long, elapsed: 1 });
  const { stdout } = await account("-x", "--csv", "-a", path);
  assert.match(stdout, /^3,0,42949672970000000,0,/m);
});

const ACCOUNTS = acctOf(
  { pid: 10, start: START + 1, elapsed: 250, user: 200, system: 25, minor: 90 },
  { pid: 11, start: START + 2, elapsed: 10, user: 7, major: 2, status: 9 },
  // The same pid again, and once more much later.
  { pid: 11, start: START + 3, elapsed: 20, user: 9 },
  { pid: 11, start: START + 500, elapsed: 20, user: 5000 },
  { pid: 77, start: START, elapsed: 1 },
);
const JOBS = jobsOf(
  { job: 2, pid: 11, started: 3.2, ended: 3.41 },
  { job: 1, pid: 10, started: 0.7, ended: 3.21 },
  { job: 1, pid: 11, started: 2.5, ended: 2.61 },
  { job: 2, pid: 10, started: 0.7, ended: 3.21 },
  { job: 2, pid: 99, started: 1 },
  { job: 3, pid: 10, started: null },
);

test("-x -j joins by pid and time; a process may be in several jobs", async () => {
  const { status, rows, stderr } = await accountJson("-x", "-a", ACCOUNTS, "-j", JOBS);
  assert.equal(status, 0);
  assert.equal(stderr, "fh: accounted 4 of 6 members; 2 records are of no member\n");
  const none = { elapsed_ns: 0, user_ns: 0, system_ns: 0, minor_faults: 0, swaps: 0 };
  assert.deepEqual(rows, [
    {
      ...{ job: 1, name: "job 1", members: 2, accounted: 2, processes: 2, failed: 1 },
      ...{ wall_ns: 2_500_000_000, elapsed_ns: 2_600_000_000 },
      ...{ user_ns: 2_070_000_000, system_ns: 250_000_000 },
      ...{ minor_faults: 90, major_faults: 2, swaps: 0 },
    },
    {
      ...{ job: 2, name: "job 2", members: 3, accounted: 2, processes: 2, failed: 0 },
      ...{ wall_ns: 2_700_000_000, elapsed_ns: 2_700_000_000 },
      ...{ user_ns: 2_090_000_000, system_ns: 250_000_000 },
      ...{ minor_faults: 90, major_faults: 0, swaps: 0 },
    },
    {
      ...{ job: 3, name: "job 3", members: 1, accounted: 0, processes: 0, failed: 0 },
      ...{ ...none, wall_ns: 0, major_faults: 0 },
    },
  ]);
  assert.equal((await account("-x", "-q", "-a", ACCOUNTS, "-j", JOBS)).stderr, "");
});

test("--elsa prints the lines of elsa(1)", async () => {
  const { stdout } = await account("-x", "--elsa", "-a", ACCOUNTS, "-j", JOBS);
  const limited = await account("-x", "--elsa", "-n", "1", "-a", ACCOUNTS, "-j", JOBS);
  assert.deepEqual([stdout, limited.stdout].map((text) => text.split("Results").length - 1), [
    3,
    1,
  ]);
  const [first] = stdout.split("\n\n");
  assert.equal(
    first,
    `Results for job ID 1
     Nbr of processes : 2
     Elapsed Time     : 2600000000.0 nsec
     User Time        : 2070000000.0 nsec
     System Time      : 250000000.0 nsec
     Minor Pagefaults : 90 page(s)
     Major Pagefaults : 2 page(s)
     Swaps            : 0 page(s)`,
  );
  assert.equal(stdout.match(/^Results for job ID [123]$/gm)!.length, 3);
});

test("filters leave out records of the jobs, and not members", async () => {
  const argv = ["-x", "-a", ACCOUNTS, "-j", JOBS, "--failed"];
  const { rows } = await accountJson(...argv);
  assert.deepEqual(rows.map(({ processes, accounted }) => [processes, accounted]), [
    [1, 2],
    [0, 2],
    [0, 0],
  ]);
});

/** Per member of jobs 1, 2, …: the user time of its record, null where it has none. */
async function joined(
  records: readonly AcctParts[],
  members: readonly { started: number; ended?: number }[],
): Promise<(number | null)[]> {
  const jobs = jobsOf(...members.map((member, at) => ({ job: at + 1, pid: 5, ...member })));
  const acct = acctOf(...records.map((record, at) => ({ pid: 5, user: at + 1, ...record })));
  const { rows } = await accountJson("-x", "-a", acct, "-j", jobs);
  return rows.map(({ accounted, user_ns }) => accounted === 0 ? null : user_ns / 1e7);
}

test("a record further than a second from the start is of another process", async () => {
  const found = (started: number, ended?: number) =>
    joined([{ start: START + 10, elapsed: 100 }, { start: START + 90 }], [
      ended === undefined ? { started } : { started, ended },
      { started: 90 },
    ]);
  for (const started of [9, 10, 11]) assert.deepEqual(await found(started), [1, 2]);
  for (const started of [8.9, 11.1]) assert.deepEqual(await found(started), [null, 2]);
  assert.deepEqual(await found(10, 10), [1, 2]);
  assert.deepEqual(await found(9.8, 9.9), [null, 2]);
});

test("each record is of one process, each process has one record", async () => {
  const at = (start: number, elapsed = 0) => ({ start: START + start, elapsed });
  assert.deepEqual(await joined([at(10)], [{ started: 10.2 }, { started: 10.9 }]), [1, null]);
  assert.deepEqual(await joined([at(10), at(10)], [{ started: 10.2 }]), [1]);
});

test("the nearest record wins, whatever the order of the records", async () => {
  const at = (start: number, elapsed = 0) => ({ start: START + start, elapsed });
  assert.deepEqual(await joined([at(11), at(10)], [{ started: 10.2 }, { started: 11.1 }]), [2, 1]);
  assert.deepEqual(await joined([at(10), at(11)], [{ started: 10.2 }, { started: 11.1 }]), [1, 2]);
  assert.deepEqual(await joined([at(10), at(9)], [{ started: 9.1 }, { started: 10.1 }]), [2, 1]);
});

test("a record that a better one drives out goes to the next best process", async () => {
  const worse = { start: START + 11 };
  const better = { start: START + 11, elapsed: 50 };
  const members = [{ started: 10.1 }, { started: 10.8 }];
  assert.deepEqual(await joined([worse, better], members), [1, 2]);
  assert.deepEqual(await joined([better, worse], members), [2, 1]);
});

test("a record with the second after its start is known for what it is", async () => {
  // 0.9 s from 10.2 on end in the second 11, and the kernel subtracts no whole second.
  const record = { start: START + 11, elapsed: 90 };
  assert.deepEqual(await joined([record], [{ started: 10.2 }, { started: 11.5 }]), [1, null]);
});

test("lives of a pid within a second differ by length, else by order", async () => {
  const at = (elapsed: number) => ({ start: START + 10, elapsed });
  const short = { started: 10.1, ended: 10.11 };
  const long = { started: 10.12, ended: 10.42 };
  const last = { started: 10.45, ended: 10.46 };
  assert.deepEqual(await joined([at(30)], [short, long, last]), [null, 1, null]);
  assert.deepEqual(await joined([at(1), at(30), at(1)], [short, long, last]), [1, 2, 3]);
});

test("a file that is cut off is shown up to there, and ends with 1", async () => {
  const whole = acctFile({ comm: "one" }, { comm: "two" });
  const { status, stdout, stderr } = await account("-d", "-a", fileOf(whole.subarray(0, 100)));
  assert.equal(status, 1);
  assert.deepEqual(stdout.match(/one|two/g), ["one"]);
  const said = "the last record, at byte 64, has only 36 of 64 bytes; what can be read is used, " +
    "number of records: 1\n";
  assert.match(stderr, /^fh: Cannot read all of accounting file \S+: the last /);
  assert.ok(stderr.endsWith(said), stderr);
  for (const argv of [["-x"], ["-x", "--by", "user"]]) {
    const outcome = await accountJson(...argv, "-a", fileOf(whole.subarray(0, 100)));
    assert.deepEqual([outcome.status, outcome.rows[0].processes], [1, 1]);
  }
  const begun = await account("-d", "-a", fileOf(whole.subarray(0, 63)));
  assert.match(begun.stderr, /the last record, at byte 0, has only 63 of 64 bytes/);
  assert.equal(begun.status, 1);
});

test("what a crash has left in a file is passed over, and told", async () => {
  const path = acctOf({ comm: "one" }, new Uint8Array(128), { comm: "two" }, new Uint8Array(3));
  const { status, rows, stderr } = await accountJson("-d", "-a", path);
  assert.deepEqual([status, rows.map(({ comm }) => comm)], [1, ["one", "two"]]);
  const seen = "at byte 64 stands no record: version 0x00, not 2 or 3 (the first of 2 such places)";
  assert.ok(stderr.includes(`${seen}; the rest, at byte 256, has only 3 of 64 bytes; `), stderr);
});

test("a file that is no accounting file is refused", async () => {
  for (const content of ["#!/bin/sh\n".repeat(20), "x", "", new Uint8Array(64)]) {
    const { status, stdout, stderr } = await account("-d", "-a", fileOf(content));
    assert.equal(stdout, "");
    if (content === "") {
      assert.equal(status, 0);
      assert.match(stderr, /^fh: accounting file \S+ has no records\n$/);
    } else {
      assert.equal(status, 1);
      assert.match(
        stderr,
        /^fh: Cannot read accounting file \S+: it does not begin with a record: /,
      );
      assert.match(stderr, /; give a file that accton\(8\) had written\n$/);
    }
  }
});

test("files that cannot be read are named", async () => {
  const missing = await account("-d", "-a", join(folder, "none"));
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /^fh: Cannot read accounting file \S+: there is no such file; /);
  const directory = await account("-x", "-a", SOME, "-j", folder);
  assert.equal(directory.status, 1);
  assert.match(directory.stderr, /^fh: Cannot read job file \S+: it is a folder; /);
});

test("records of version 2 cannot be joined", async () => {
  const jobs = jobsOf({ job: 1, pid: 5, started: 0 });
  const old = { version: 2, start: START } as const;
  const none = await account("-x", "-a", acctOf(old, old), "-j", jobs);
  assert.deepEqual([none.status, none.stdout], [1, ""]);
  assert.match(none.stderr, /: 2 records are of version 2, which has no pids; give a file of /);
  const some = await accountJson("-x", "-a", acctOf(old, { pid: 5, start: START }), "-j", jobs);
  assert.deepEqual([some.status, some.rows[0].processes], [1, 1]);
  assert.match(some.stderr, /: 1 records are of version 2, which has no pids; what they tell is /);
});

test("no member with a record ends with 3", async () => {
  const cases = [jobsOf({ job: 1, pid: 78, started: 0 }), fileOf("\n \n")];
  const said = [/of the 1 members in \S+ none has a record in \S+; give files/, /names no process/];
  for (const [at, jobs] of cases.entries()) {
    const { status, stdout, stderr } = await account("-x", "-a", ACCOUNTS, "-j", jobs);
    assert.deepEqual([status, stdout], [3, ""]);
    assert.match(stderr, /^fh: No accounts: /);
    assert.match(stderr, said[at]!);
  }
});

test("an abort while summing up is no result", async () => {
  const context = fakeContext();
  context.abort.abort("SIGTERM");
  assert.equal(await runCli(context, ["account", "-x", "-a", SOME]), 1);
  assert.match(context.stderr.text, /^fh: Cannot sum up: stopped by SIGTERM; /);
  const dump = fakeContext();
  dump.abort.abort("SIGINT");
  assert.equal(await runCli(dump, ["account", "-d", "-a", SOME]), 0);
  assert.equal(dump.stdout.text + dump.stderr.text, "");
});

const USAGE: readonly (readonly [argv: readonly string[], text: string])[] = [
  [["-a", "f"], "Missing action: give -d to show a file, or -x to sum up; see fh account --help"],
  [["-d", "-x", "-a", "f"], "Conflicting options: --dump, --compute; give one of them"],
  [["-x"], "Missing file: -x sums up an accounting file; give it by -a FILE"],
  [["-x", "-j", "f"], "Missing file: -x sums up an accounting file; give it by -a FILE"],
  [
    ["-d"],
    "Missing file: give -a FILE to show an accounting file, or -j FILE to show a job file",
  ],
  [
    ["-d", "-a", "f", "-j", "g"],
    "Conflicting options: --acct, --jobs; -d shows one file: give one of them",
  ],
  [["-d", "-a", "f", "--csv", "--json"], "Conflicting options: --json, --csv; give one of them"],
  [
    ["-x", "-a", "f", "--elsa"],
    "Bad option: --elsa is for jobs; give -x, -a FILE and -j FILE with it",
  ],
  [
    ["-d", "-a", "f", "--by", "user"],
    "Bad option: --by is for sums without jobs; give -x and -a FILE with it",
  ],
  [["-x", "-a", "f", "--by", "usr"], "Unknown key: usr; did you mean user?"],
  [
    ["-d", "-j", "f", "--failed"],
    "Bad option: --user, --comm and --failed choose accounting records; give -a FILE with them",
  ],
  [
    ["-d", "-a", "f", "-u", "no such"],
    "Unknown user: no such; give a user name of this host or a uid",
  ],
];

for (const [argv, text] of USAGE) {
  test(`fh account ${argv.join(" ")} is wrong usage`, async () => {
    const outcome = await account(...argv);
    assert.deepEqual(outcome, { status: 2, stdout: "", stderr: `fh: ${text}\n` });
  });
}

test(`damaged files give records or the one error (FH_SEED=${SEED})`, async () => {
  const below = randomBelow(SEED);
  const file = acctFile({ pid: 1 }, { version: 2, big: true }, {
    pid: 3,
    comm: HOSTILE,
    big: true,
  });
  const path = join(folder, "damaged");
  const { signal } = new AbortController();
  for (let round = 0; round < 2000; round++) {
    const bytes = mutated(file, below);
    writeFileSync(path, bytes);
    let seen = 0;
    try {
      const reading = await readAccounts(path, signal, { onRecord: () => seen++ });
      assert.equal(reading.records, seen);
      assert.equal(reading.bytes, bytes.length);
      assert.equal(reading.damage === null, seen * 64 === bytes.length);
    } catch (error) {
      assert.ok(error instanceof CommandError && error.status === 1, `FH_SEED=${SEED}: ${error}`);
    }
  }
});
