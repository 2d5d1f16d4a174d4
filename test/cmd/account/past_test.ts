/** `fh account` without a file: what the history says. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runCli } from "../../../src/commands.ts";
import { localTime } from "../../../src/host/local_time.ts";
import { gap, scan } from "../../support/events.ts";
import { fakeContext } from "../../support/fake_output.ts";
import { fakeProcfs } from "../../support/fake_procfs.ts";
import { PAST_BOOT, PAST_EPOCH, TestRecorder } from "../../support/past.ts";
import { addJob, asVersion1, paid, type PaidProcess, pay } from "../../support/past_accounts.ts";

const HOSTILE = new Uint8Array([0x61, 0x1b, 0x5b, 0x0a, 0x22, 0x2c, 0xff]);

async function account(...argv: readonly string[]) {
  const context = fakeContext();
  const status = await runCli(context, ["account", ...argv]);
  return { status, stdout: context.stdout.text, stderr: context.stderr.text };
}

async function accountJson(...argv: readonly string[]) {
  const { status, stdout, stderr } = await account("--json", ...argv);
  const rows = stdout.split("\n").slice(0, -1).map((line) => {
    const { notes, ...row } = JSON.parse(line);
    // Each row says what standard error does.
    const told = notes.map(({ text }: { text: string }) => `fh: ${text}\n`).join("");
    if (!argv.includes("-q")) assert.equal(stderr, told);
    return row;
  });
  return { status, rows, stderr };
}

const S = 1e9;
const COST = {
  cpuNs: 2e6,
  userUs: 1000,
  systemUs: 1000,
  minorFaults: 11,
  majorFaults: 2,
  peakKib: 300,
  readBytes: 4096,
  writeBytes: 1536,
  voluntarySwitches: 6,
  involuntarySwitches: 4,
};
/** Times are after 2026-11-24T00:00:00Z, as the clock stood at that boot. */
const PAST: readonly PaidProcess[] = [
  { pid: 10, born: 2 * S, span: 30e6, comm: "cc1", cost: COST },
  { pid: 11, born: 3 * S, span: 50e6, comm: "cc1", uid: 4e9, status: 256, cost: null },
  { pid: 12, born: 4 * S, span: 2 * S, comm: HOSTILE, uid: 4e9, cgroup: "/", cost: null },
  { pid: 13, born: 60 * S, span: 5e6, comm: "ld", cost: { ...COST, cpuNs: 4e6 } },
];
const NO_COST = {
  ...{ user_ns: null, system_ns: null, minor_faults: null, major_faults: null, swaps: null },
  ...{ peak_bytes: null, read_bytes: null, write_bytes: null },
  ...{ voluntary_switches: null, involuntary_switches: null, living: 0, reckoned_ns: 0 },
};

/** Lines of a table with one space between cells. */
function cellsOf(text: string): string[] {
  return text.split("\n").slice(0, -1).map((line) => line.trim().replace(/ {2,}/g, " | "));
}

test("without a file the history is asked: columns, most CPU time first", async () => {
  using past = paid(PAST).end();
  const { status, stdout, stderr } = await account("--db", past.path);
  assert.equal(status, 0);
  assert.deepEqual(cellsOf(stdout), [
    "COUNT | FAILED | KNOWN | ELAPSED | CPU | UTIME | STIME | MINFLT | MAJFLT | PEAK | READ | " +
    "WRITE | CSW | COMMAND",
    "1 | 0 | 1 | 5.0ms | 4.0ms | 2.0ms | 2.0ms | 11 | 2 | 300 KiB | 4 KiB | 1.5 KiB | 10 | ld",
    "2 | 1 | 1 | 80ms | 2.0ms | 1.0ms | 1.0ms | 11 | 2 | 300 KiB | 4 KiB | 1.5 KiB | 10 | cc1",
    '1 | 0 | 0 | 2.00s | ? | ? | ? | ? | ? | ? | ? | ? | ? | a\\x1b[\\n",\ufffd',
  ]);
  const since = localTime(Date.UTC(2026, 10, 24, 0, 0, 1));
  const known = `accounted 2 of 4 processes that ended since ${since}, by taskstats`;
  assert.equal(stderr, `fh: ${known}; source connector\n`);
  const quiet = await account("--db", past.path, "-q");
  assert.deepEqual([quiet.stdout, quiet.stderr], [stdout, ""]);
});

test("sums by how it ended, by who started it and by container", async () => {
  const id = "0123456789abcdef".repeat(4);
  const more: readonly PaidProcess[] = [
    { pid: 14, born: 61 * S, span: 1e6, comm: "x", status: 9, cgroup: `/docker/${id}`, cost: COST },
    { pid: 15, born: 62 * S, span: 1e6, comm: "y", status: 9, cgroup: `/docker/${id}`, cost: null },
  ];
  using past = paid([...PAST, ...more]).end();
  const counts = async (...argv: readonly string[]) => {
    const { rows } = await accountJson("--db", past.path, ...argv);
    return rows.map((row) => [Object.values(row)[0], row.processes, row.accounted]);
  };
  assert.deepEqual(await counts("--by", "exit", "--sort", "count"), [
    ["exit 0", 3, 2],
    ["SIGKILL", 2, 1],
    ["exit 1", 1, 0],
  ]);
  assert.deepEqual(await counts("--by", "container", "--sort", "name"), [[id, 2, 1], [null, 4, 2]]);
  assert.deepEqual(await counts("--by", "parent"), [["init", 6, 3]]);
  // The same of those that descend from somebody, and of few.
  assert.deepEqual(await counts("--by", "parent", "-c", "cc1"), [["init", 2, 1]]);
  assert.deepEqual(await counts("--by", "exit", "-p", "1", "--failed", "--sort", "count"), [
    ["SIGKILL", 2, 1],
    ["exit 1", 1, 0],
  ]);
  assert.deepEqual(await counts("--by", "exit", "-m", "/bin/some", "-c", "y"), [["SIGKILL", 1, 0]]);
  const { status, stderr } = await account("--db", past.path, "--by", "exit", "-a", "x", "-x");
  assert.deepEqual([status, /^fh: Bad key: exit; /.test(stderr)], [2, true], stderr);
});

test("an older file has sums by parent, too, without accounts", async () => {
  using past = paid(PAST).end();
  const { rows } = await accountJson("--db", asVersion1(past), "--by", "parent");
  assert.deepEqual(rows.map((row) => [row.parent, row.processes, row.accounted]), [["init", 4, 0]]);
});

test("rows are sorted by any column, and by name", async () => {
  using past = paid(PAST).end();
  const order = async (key: string) => {
    const { rows } = await accountJson("--db", past.path, "--sort", key);
    return rows.map((row) => row.command.slice(0, 3));
  };
  assert.deepEqual(await order("cpu"), ["ld", "cc1", "a\x1b["]);
  assert.deepEqual(await order("elapsed"), ["a\x1b[", "cc1", "ld"]);
  assert.deepEqual(await order("count"), ["cc1", "ld", "a\x1b["]);
  assert.deepEqual(await order("name"), ["a\x1b[", "cc1", "ld"]);
  const refused = await account("--db", past.path, "--sort", "x");
  assert.deepEqual([refused.status, /peak/.test(refused.stderr)], [2, true]);
  const file = await account("-x", "-a", "x", "--sort", "cpu");
  assert.deepEqual([file.status, /--sort is for the history/.test(file.stderr)], [2, true]);
});

test("what still runs is told, where it could have been in the sums", async () => {
  using past = paid(PAST).end();
  const processes = [
    { pid: 1, ppid: 0, comm: "init", cmdline: "init\0", utime: 30, stime: 5 },
    { pid: 50, ppid: 1, comm: "cc1", cmdline: "cc1\0", uid: 1000, start: 5 },
    { pid: 51, ppid: 1, comm: "kworker" },
    { pid: 52, ppid: 1, comm: "sh", cmdline: "sh\0", start: 6 },
  ];
  const there = fakeProcfs(processes, { "sys/kernel/random/boot_id": PAST_BOOT });
  const told = async (...argv: readonly string[]) => {
    const context = fakeContext({ procRoot: there.root, epoch: PAST_EPOCH });
    await runCli(context, ["account", "--db", past.path, ...argv]);
    const { text } = context.stderr;
    return /not in it are (\d+ that still run, with .*) of CPU so far$/m.exec(text)?.[1];
  };
  try {
    const message = "threads of the kernel are known by their parent alone";
    assert.equal(await told(), "4 that still run, with 350ms", message);
    assert.equal(await told("-c", "cc1"), "1 that still run, with 0us");
    assert.equal(await told("-u", "1000"), "1 that still run, with 0us");
    there.write("50/cgroup", "0::/x.slice\n");
    assert.equal(await told("--cgroup", "/x.*"), "1 that still run, with 0us");
    assert.equal(await told("-m", "^(cc1|sh)$"), "2 that still run, with 0us");
    assert.equal(await told("-p", "50"), "1 that still run, with 0us");
    assert.equal(await told("-p", "1"), "4 that still run, with 350ms");
    assert.equal(await told("--failed"), undefined);
    assert.equal(await told("--min-duration", "1s"), undefined);
    assert.equal(await told("--until", String(PAST_EPOCH.seconds + 30)), undefined);
  } finally {
    there.remove();
  }
  const { stderr } = await account("--db", past.path);
  assert.doesNotMatch(stderr, /still run/, "another boot runs now");
});

test("--json has every figure, null where none is known", async () => {
  using past = paid(PAST).end();
  const { rows } = await accountJson("--db", past.path);
  const figures = {
    ...{ minor_faults: 11, major_faults: 2, swaps: 0 },
    ...{ peak_bytes: 307_200, read_bytes: 4096, write_bytes: 1536 },
    ...{ voluntary_switches: 6, involuntary_switches: 4, living: 0, reckoned_ns: 0 },
  };
  const counts = (processes: number, failed: number, accounted: number, elapsed_ns: number) => {
    return { processes, failed, accounted, elapsed_ns };
  };
  assert.deepEqual(rows.map((row) => Object.keys(row).length), [17, 17, 17]);
  assert.deepEqual(rows, [
    { command: "ld", ...counts(1, 0, 1, 5e6), user_ns: 2e6, system_ns: 2e6, ...figures },
    { command: "cc1", ...counts(2, 1, 1, 80e6), user_ns: 1e6, system_ns: 1e6, ...figures },
    { command: 'a\x1b[\n",\ufffd', ...counts(1, 0, 0, 2e9), ...NO_COST },
  ]);
});

test("--csv has the same under a heading; on a terminal names are escaped", async () => {
  using past = paid(PAST).end();
  const { stdout } = await account("--db", past.path, "--csv");
  const [head, ld] = stdout.split("\r\n");
  assert.equal(
    head,
    "command,processes,failed,accounted,elapsed_ns,user_ns,system_ns,minor_faults,major_faults," +
      "swaps,peak_bytes,read_bytes,write_bytes,voluntary_switches,involuntary_switches," +
      "living,reckoned_ns",
  );
  assert.equal(ld, "ld,1,0,1,5000000,2000000,2000000,11,2,0,307200,4096,1536,6,4,0,0");
  assert.ok(stdout.endsWith('\r\n"a\x1b[\n"",\ufffd",1,0,0,2000000000,,,,,,,,,,,0,0\r\n'), stdout);
  const context = fakeContext();
  context.stdout.isTerminal = true;
  assert.equal(await runCli(context, ["account", "--csv", "--db", past.path]), 0);
  assert.ok(context.stdout.text.includes('"a\\x1b[\\n"",\ufffd",1,'), context.stdout.text);
});

test("--by, filters and times choose what is counted", async () => {
  using past = paid(PAST).end();
  const counted = async (...argv: string[]) => {
    const { rows } = await accountJson("--db", past.path, ...argv);
    return rows.map((row) => [Object.values(row)[0], row.processes]);
  };
  assert.deepEqual(await counted("--by", "user"), [["root", 2], ["4000000000", 2]]);
  assert.deepEqual(await counted("--by", "unit"), [["a.service", 3], [null, 1]]);
  assert.deepEqual(await counted("--failed"), [["cc1", 1]]);
  assert.deepEqual(await counted("-c", "l?", "-c", "a*"), [["ld", 1], ['a\x1b[\n",\ufffd', 1]]);
  assert.deepEqual(await counted("-u", "4000000000", "-c", "cc1"), [["cc1", 1]]);
  assert.deepEqual(await counted("--since", "2026-11-24T00:00:10Z"), [["ld", 1]]);
  const until = "2026-11-24T00:00:03Z";
  assert.deepEqual(await counted("--until", until), [["cc1", 1]]);
  const table = await account("--db", past.path, "--by", "unit");
  assert.match(table.stdout, / {2}-$/m);
  const early = await account("--db", past.path, "--until", until);
  assert.doesNotMatch(early.stdout, /KNOWN/);
  const [begin, end] = [1, 3].map((s) => localTime(Date.UTC(2026, 10, 24, 0, 0, s)));
  assert.match(early.stderr, /^fh: accounted 1 of 1 processes that ended from /);
  assert.ok(early.stderr.includes(` from ${begin} to ${end}, by taskstats; `), early.stderr);
  const none = await account("--db", past.path, "-c", "nothing");
  assert.deepEqual([none.status, none.stdout], [0, ""]);
  assert.match(none.stderr, /^fh: there were no such processes that ended since /);
});

test("--by job: members, and the account of those that have ended", async () => {
  using past = paid(PAST);
  const common = { owner: 0, since: 2 * S, started: 4 };
  addJob(past, { ...common, id: 7, name: "night\x1b", until: 30 * S }, [
    ["cc1", 4e9, 2, 1, 1, 4000],
    ["sh", 0, 1, 0, 1, 1000],
  ]);
  addJob(past, { ...common, id: 8, name: "new", until: null }, [["sh", 4e9, 2, 0, 0, 0]]);
  past.end();
  const { rows } = await accountJson("--db", past.path, "--by", "job");
  const { user_ns, system_ns, peak_bytes, ...first } = rows[0];
  assert.deepEqual([user_ns, system_ns, peak_bytes], [5e6, 1e6, 65_536]);
  const { job, uid, user, name, members, running, lost, processes, failed, accounted } = first;
  assert.deepEqual([job, uid, user, name], [7, 0, "root", "night\x1b"]);
  assert.deepEqual([members, running, lost], [4, 0, 3]);
  assert.deepEqual([processes, failed, accounted], [3, 1, 2]);
  const { stdout, stderr } = await account("--db", past.path, "--by", "job");
  assert.deepEqual(cellsOf(stdout).map((line) => line.split(" | ")), [
    [
      ...["MEMBERS", "RUNNING", "COUNT", "FAILED", "KNOWN", "ELAPSED", "CPU", "UTIME", "STIME"],
      ...["MINFLT", "MAJFLT", "PEAK", "READ", "WRITE", "CSW", "JOB", "USER", "NAME"],
    ],
    [
      ..."4 | 0 | 3 | 1 | 2 | 5.0ms | 6.0ms | 5.0ms | 1.0ms | 14 | 2 | 64 KiB | 8 KiB".split(" | "),
      ...["16 KiB", "14", "7", "root", "night\\x1b"],
    ],
    [..."4 0 2 0 0 2.5ms ? ? ? ? ?".split(" "), ..."? ? ? ? 8 root new".split(" ")],
  ]);
  assert.match(stderr, /^fh: accounted 2 of 5 processes that have ended of 2 jobs open since /);
  const late = await accountJson(
    "--db",
    past.path,
    "--by",
    "job",
    "--since",
    "2026-11-24T00:00:31Z",
  );
  assert.deepEqual(late.rows.map(({ name }) => name), ["new"]);
  const mine = await accountJson("--db", past.path, "--by", "job", "-u", "root");
  assert.deepEqual(mine.rows.map(({ job, processes }) => [job, processes]), [[7, 1]]);
});

test("--by job-name: one line for all jobs of a name, whoever made them", async () => {
  using past = paid(PAST);
  const common = { since: 2 * S, started: 4, until: 30 * S };
  addJob(past, { ...common, owner: 0, id: 7, name: "build" }, [
    ["cc1", 4e9, 2, 1, 1, 4000],
    ["sh", 0, 1, 0, 1, 1000],
  ]);
  addJob(past, { ...common, owner: 1000, id: 8, name: "build" }, [["sh", 0, 2, 1, 2, 3000]]);
  addJob(past, { ...common, owner: 0, id: 9, name: "other" }, [["sh", 0, 1, 0, 1, 9000]]);
  past.end();
  const one = await accountJson("--db", past.path, "--by", "job");
  const [whole] = (await accountJson("--db", past.path, "--by", "job-name", "--sort", "name")).rows;
  assert.deepEqual([whole.name, whole.jobs, whole.members, whole.lost], ["build", 2, 8, 6]);
  assert.equal("hosts" in whole, false);
  const builds = one.rows.filter(({ name }) => name === "build");
  assert.equal(builds.length, 2);
  for (
    const field of ["processes", "failed", "accounted", "elapsed_ns", "user_ns", "minor_faults"]
  ) {
    assert.equal(whole[field], builds[0]![field] + builds[1]![field], field);
  }
  assert.equal(whole.peak_bytes, Math.max(builds[0]!.peak_bytes, builds[1]!.peak_bytes));
  const { stdout } = await account("--db", past.path, "--by", "job-name", "--sort", "name");
  const [head, first] = cellsOf(stdout).map((line) => line.split(" | "));
  assert.deepEqual([head!.slice(0, 3), head!.at(-1)], [["JOBS", "MEMBERS", "RUNNING"], "NAME"]);
  assert.deepEqual([first!.slice(0, 3), first!.at(-1)], [["2", "8", "0"], "build"]);
  const named = await account("--db", past.path, "--by", "job-name", "-m", "x");
  assert.match(named.stderr, /--match with --by job-name, whose sums do not tell that apart/);
});

test("what is missing in the history is said", async () => {
  using past = paid(PAST);
  past.tell(gap(61 * S, 12)).end();
  const facts = { since: 100 * S, source: "poll", accounts: "zombie" } as const;
  const again = new TestRecorder(past.path, facts);
  again.tell(...scan(100 * S, 101 * S, [])).end();
  const { stderr } = await account("--db", past.path);
  const missing = "sources connector, poll; of 1 it was not seen how they ended; " +
    "12 events were lost at TIME (overflow); nobody recorded for 38.9s of it\n";
  assert.match(stderr, /, by taskstats, \/proc of zombies; /);
  assert.ok(stderr.replace(/at [\d: -]+ \(/, "at TIME (").endsWith(missing), stderr);
});

test("what the connector has of zombies is told to come from there", async () => {
  using past = paid(PAST).end();
  const facts = { since: 100 * S, accounts: "zombie" } as const;
  const again = new TestRecorder(past.path, facts).tell(...scan(100 * S, 101 * S, []));
  pay(again, { pid: 20, born: 102 * S, span: 5e6, comm: "as", cost: COST });
  again.end();
  const ask = async (...times: string[]) => (await account("--db", past.path, ...times)).stderr;
  assert.match(await ask("--since", "2026-11-24T00:01:42Z"), /, by \/proc of zombies; source conn/);
  assert.match(await ask("--until", "2026-11-24T00:01:01Z"), /, by taskstats; source connector/);
  assert.match(await ask(), /, by taskstats, \/proc of zombies; source connector/);
});

test("a history of version 1 has counts and times, and accounts of none", async () => {
  using past = paid(PAST).end();
  const db = asVersion1(past);
  const { rows, stderr } = await accountJson("--db", db, "-c", "cc1");
  const counts = { processes: 2, failed: 1, accounted: 0, elapsed_ns: 80e6 };
  assert.deepEqual(rows, [{ command: "cc1", ...counts, ...NO_COST }]);
  assert.match(stderr, /^fh: accounted 0 of 2 such processes that ended since [^,]+; source conn/);
  const jobs = await account("--db", db, "--by", "job");
  assert.deepEqual([jobs.status, jobs.stdout], [0, ""]);
  assert.match(jobs.stderr, /^fh: there were no jobs open since /);
});

test("no history ends with 3, and says what to do", async () => {
  const context = fakeContext({ env: { FH_DB: "/none/history.db" } });
  assert.equal(await runCli(context, ["account"]), 3);
  assert.match(context.stderr.text, /^fh: No history: there is no \S+; run fh record to have one/);
  using past = paid(PAST).end();
  const before = await account("--db", past.path, "--until", "2026-11-20");
  assert.deepEqual([before.status, before.stdout], [3, ""]);
  assert.match(before.stderr, /^fh: No history at that time: /);
});

const USAGE: readonly (readonly [argv: readonly string[], text: string])[] = [
  [["--elsa"], "Bad option: --elsa is for jobs; give -x, -a FILE and -j FILE with it"],
  [["--csv", "--json"], "Conflicting options: --json, --csv; give one of them"],
  [
    ["-x", "-a", "f", "--since", "today"],
    "Bad options: -x with --since, which is for the history; take one of them",
  ],
  [
    ["-d", "-a", "f", "--until", "today"],
    "Bad options: -d with --until, which is for the history; take one of them",
  ],
  [
    ["-x", "-a", "f", "--by", "job"],
    "Bad key: job; an accounting file has sums by command and user, those by job are asked of " +
    "the history, without -x",
  ],
  [
    ["--by", "job", "--failed"],
    "Bad options: --failed with --by job, whose sums do not tell that apart; take one of them",
  ],
  [
    ["--since", "10m ago", "--until", "20m ago"],
    "Bad times: 10m ago is not before 20m ago; give --since the earlier one",
  ],
];

for (const [argv, text] of USAGE) {
  test(`fh account ${argv.join(" ")} is wrong usage`, async () => {
    const outcome = await account(...argv);
    assert.deepEqual(outcome, { status: 2, stdout: "", stderr: `fh: ${text}\n` });
  });
}
