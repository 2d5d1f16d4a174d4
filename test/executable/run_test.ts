/** `fh run`: the command as it is, and its account. */
import assert from "node:assert/strict";
import { chmodSync, copyFileSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { temporaryFolder } from "../support/at_end.ts";
import { FH, runFh, runProgram } from "../support/executable.ts";
import { connectorMissing } from "../support/observe.ts";
import { program, programsMissing } from "../support/programs.ts";
import { AS_NOBODY, Running } from "../support/running.ts";
import { unless } from "../support/unless.ts";

// deno-lint-ignore no-explicit-any
type Report = any;

const folder = temporaryFolder("fh-run-");
chmodSync(folder, 0o777);

const isRoot = process.getuid?.() === 0;
const exactMissing = programsMissing ?? connectorMissing ?? (isRoot ? null : "needs root");

let reports = 0;

/** Runs a command; the report as an object, and how it ended. */
function account(command: readonly string[], ...options: string[]): [Report, number | null] {
  const path = join(folder, `report-${reports++}.json`);
  const { status, stderr } = runFh([
    "run",
    "--json",
    "--report",
    path,
    ...options,
    "--",
    ...command,
  ]);
  assert.equal(stderr, "");
  return [JSON.parse(readFileSync(path, "utf8")), status];
}

test(...unless(exactMissing, "what children cost is what wait4(2) says"), () => {
  const path = join(folder, "cost.json");
  const args = ["run", "--json", "--report", path, "--", program("cost")!, "6"];
  const { stdout, status } = runFh(args);
  assert.equal(status, 0);
  const report = JSON.parse(readFileSync(path, "utf8"));
  assert.deepEqual(report.processes, {
    started: 7,
    ended: 7,
    running: 0,
    failed: 4,
    accounted: 7,
    lost: 0,
  });
  assert.equal(report.totals.from, "taskstats, wait4");
  for (const line of stdout.trimEnd().split("\n")) {
    const [name, ...rest] = line.split(" ");
    const [user, system, minor, major, , involuntary, peakKib, waitStatus] = rest.map(Number);
    const row = report.commands.find(({ command }: Report) => command === name);
    const cpu = (row.user_ns + row.system_ns) / 1000;
    // What a process does in exit(2) after its record is not in it.
    const allowed = Math.max((user! + system!) * 0.01, 5000);
    assert.ok(
      Math.abs(cpu - user! - system!) <= allowed,
      `${name}: ${cpu} us, not ${user! + system!}`,
    );
    assert.deepEqual(
      [row.minor_faults, row.major_faults, row.peak_bytes],
      [minor, major, peakKib! * 1024],
      name,
    );
    const switches = involuntary! - row.involuntary_switches;
    assert.ok(switches >= 0 && switches <= 5, `${name}: ${switches} switches in exit(2)`);
    assert.deepEqual([row.count, row.failed, row.accounted], [1, waitStatus === 0 ? 0 : 1, 1]);
    assert.ok(row.write_bytes >= 65_536, `${name} wrote ${row.write_bytes} bytes`);
  }
  const own = report.commands.reduce((sum: number, { minor_faults: n }: Report) => sum + n, 0);
  assert.ok(report.totals.minor_faults >= own, "the sum is no less than that of the commands");
  assert.ok(report.totals.minor_faults <= own + 50, `${report.totals.minor_faults}, not ${own}`);
});

test(...unless(exactMissing, "5 000 short processes are all accounted"), () => {
  const [report, status] = account([program("load")!, "--phase", "spawn,count=5000"]);
  assert.equal(status, 0);
  const { started, ended, accounted, lost } = report.processes;
  assert.deepEqual([started, ended, accounted, lost], [5001, 5001, 5001, 0]);
  const [row] = report.commands.filter(({ command }: Report) => command === "true");
  // The name of one that was gone too soon is that of its parent.
  assert.ok(row.count > 4500, `${row.count} of 5000 by their name`);
  assert.equal(row.accounted, row.count);
});

test("the exit status is the command's own, 128 + signal when it was killed", () => {
  const rows: [string[], number][] = [
    [["true"], 0],
    [["sh", "-c", "exit 7"], 7],
    [["sh", "-c", "kill -9 $$"], 137],
    [["sh", "-c", "kill -TERM $$"], 143],
  ];
  for (const [command, expected] of rows) {
    const [report, status] = account(command);
    assert.deepEqual([status, report.status], [expected, expected]);
  }
  assert.equal(runFh(["run", "--", "/no/such/program"]).status, 127);
  assert.equal(runFh(["run", "--", "/etc/passwd"]).status, 126);
  assert.equal(runFh(["run"]).status, 2);
});

test("what cannot be written costs nothing else, nor the status of the command", () => {
  const command = ["--", "sh", "-c", "exit 4"];
  const { status, stderr } = runFh(["run", "--save", "/dev/full", ...command]);
  assert.equal(status, 4, stderr);
  assert.match(stderr, /^fh: Cannot write the run to \/dev\/full: ENOSPC\n/m);
  assert.match(stderr, /^job sh: exit 4\n/m);
  const good = runFh(["run", "-q", "--report", "/dev/full", "--", "true"]);
  assert.equal(good.status, 1, good.stderr);
  const nowhere = runFh(["run", "--save", "/nonexistent/x", ...command]);
  assert.match(
    nowhere.stderr,
    /^fh: Cannot write the run to \/nonexistent\/x: there is no folder /,
  );
});

test("who was killed is not blamed on what had failed in it before", () => {
  const killed = "grep -q x /dev/null; sleep 0.02; sleep 0.02; kill -TERM $$";
  const [report, status] = account(["sh", "-c", killed]);
  assert.equal(status, 143);
  assert.equal(report.cause.comm, "sh");
  const [passed] = account(["sh", "-c", "grep -q x /dev/null || exit 1"]);
  assert.equal(passed.cause.comm, "grep");
  assert.match(runFh(["run", "--", "sh", "-c", "exit 255"]).stderr, /^job sh: exit 255\n/);
  assert.match(runFh(["run", "--", "sh", "-c", "exit 130"]).stderr, /^job sh: exit 130 \(of a/);
  assert.match(runFh(["run", "--", "sh", "-c", "kill $$"]).stderr, /^job sh: SIGTERM\n/);
});

test("output and input are the command's, the account goes to standard error", () => {
  const { stdout, stderr } = runProgram("sh", ["-c", `echo in | "$0" run -- tr a-z A-Z`, FH]);
  assert.equal(stdout, "IN\n");
  assert.match(stderr, /^job tr: exit 0\nprocesses {2}1 started, 0 failed\n/);
  assert.match(stderr, /\n *WAITED +SHARE +PID {2}CRITICAL PATH\n/);
  assert.equal(runFh(["run", "-q", "--", "true"]).stderr, "");
  assert.match(runFh(["run", "--name", "a\x1b[31mb", "--", "true"]).stderr, /^job a\\x1b\[31mb: /);
});

test("a signal reaches the command, and the account is told all the same", async () => {
  const script = "trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done";
  await using fh = Running.start([FH, "run", "--", "sh", "-c", script]);
  await fh.wrote("ready");
  const { status, stderr } = await fh.end("SIGTERM");
  assert.equal(status, 9);
  assert.match(stderr, /^job sh: exit 9\n/);
});

for (const source of exactMissing === null ? ["connector", "poll"] : ["poll"]) {
  test(`${source}: --wait-all waits for what was left behind, and counts it`, () => {
    const daemon = ["sh", "-c", "(setsid sleep 0.4 &) ; exit 3"];
    const [report, status] = account(daemon, "--wait-all", "--source", source);
    assert.equal(status, 3);
    assert.ok(report.wall_ns > 390e6, `${report.wall_ns} ns`);
    const { started, ended, running } = report.processes;
    assert.deepEqual([ended, running], [started, 0]);
    assert.ok(report.commands.some(({ command }: Report) => command === "sleep"));
    const longer = ["sh", "-c", "(setsid sleep 5 &) ; exit 3"];
    const [early] = account(longer, "--source", source);
    assert.ok(early.wall_ns < 5e9, "without it nobody waits");
  });
}

for (const source of ["connector", "poll"] as const) {
  const missing = source === "connector" ? connectorMissing : null;
  test(...unless(missing, `${source}: no secret of the command is in its account`), () => {
    const command = ["sh", "-c", "sleep 0.1; exit 3", "app", "--password=hunter2"];
    const hidden = command.with(4, "--password=***");
    const [report] = account(command, "--source", source);
    assert.deepEqual(report.argv, hidden);
    assert.ok(!JSON.stringify(report).includes("hunter2"));
    const [plain] = account(command, "--source", source, "--no-redact");
    assert.deepEqual(plain.argv, command);
    const told = runFh(["run", "--json", "--source", source, "--", ...command]);
    assert.ok(told.stderr.includes("--password=***") && !told.stderr.includes("hunter2"));
    const [own] = account(command, "--source", source, "--redact", "^sh");
    assert.deepEqual(own.argv, hidden.with(0, "***"));
    assert.equal(own.name, "***");
  });
}

test("nobody else may read a report", () => {
  for (const options of [[], ["--json"]]) {
    const path = join(folder, `report-${reports++}`);
    runFh(["run", ...options, "--report", path, "--", "true"]);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  }
});

test("a report that cannot be written is an error", () => {
  const { status, stderr } = runFh(["run", "--report", "/no/such/folder/r", "--", "true"]);
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^fh: Cannot write the report to \/no\/such\/folder\/r: there is no folder \/no\/such/,
  );
});

/** The executable where everybody may run it. */
function publicFh(): string {
  const fh = join(folder, "fh");
  copyFileSync(FH, fh);
  chmodSync(fh, 0o755);
  return fh;
}

/** Runs a command as nobody; the report, and the lines of numbers that it has printed. */
function accountOfNobody(command: readonly string[], ...options: string[]): [Report, string[][]] {
  const run = [...AS_NOBODY, publicFh(), "run", "--json", ...options, "--", ...command];
  const { stdout, stderr, status } = runProgram(run[0]!, run.slice(1));
  assert.equal(status, 0);
  return [JSON.parse(stderr), stdout.trimEnd().split("\n").map((line) => line.split(" "))];
}

/** The sums of a report are those of wait4(2): CPU time in us, and faults. */
function assertSums({ totals }: Report, cpuUs: number, minorFaults: number): void {
  const cpu = (totals.user_ns + totals.system_ns) / 1000;
  assert.ok(cpu >= cpuUs && cpu < cpuUs * 1.1 + 20_000, `${cpu} us, not ${cpuUs}`);
  assert.ok(
    totals.minor_faults >= minorFaults && totals.minor_faults < minorFaults + 500,
    `${totals.minor_faults} faults, not ${minorFaults}`,
  );
}

const sumOf = (lines: readonly string[][], at: number) =>
  lines.reduce((sum, line) => sum + Number(line[at]), 0);

test(
  ...unless(exactMissing, "an ordinary user has the sums, and is told what is not known"),
  () => {
    const [report, lines] = accountOfNobody([program("cost")!, "3"]);
    assert.deepEqual([report.accounts, report.totals.from], ["zombie", "zombie, wait4"]);
    const { started, ended, accounted } = report.processes;
    assert.deepEqual([started, ended], [4, 4]);
    const rows = report.commands.filter(({ accounted }: Report) => accounted === 0);
    assert.equal(rows.length, 4 - accounted, "each has a name of its own");
    for (const { user_ns, minor_faults } of rows) {
      assert.deepEqual([user_ns, minor_faults], [null, null]);
    }
    assertSums(report, sumOf(lines, 1) + sumOf(lines, 2), sumOf(lines, 3));
  },
);

for (const source of ["poll", "auto"]) {
  test(...unless(exactMissing, `${source}: a zombie that stays is accounted, as nobody`), () => {
    assertZombies(...accountOfNobody([program("late")!, "3", "100"], "--source", source));
  });
}

/** Five children that execute nothing, live for a while, and stay zombies for longer. */
const FORKS = `for (1..5) { unless (fork) { select(undef, undef, undef, 0.3); exit } }
select(undef, undef, undef, 1.5); 1 while wait() > 0;`;
const perlMissing = runProgram("perl", ["-e", "1"]).status === 0 ? null : "needs perl";

for (const source of ["poll", "connector"]) {
  test(...unless(exactMissing ?? perlMissing, `${source}: so are forks without an exec`), () => {
    const [report] = accountOfNobody(["perl", "-e", FORKS], "--source", source);
    const { started, accounted } = report.processes;
    assert.equal(started, 6);
    assert.ok(accounted >= 5, `${accounted} of ${started} accounted`);
  });
}

test(...unless(exactMissing, "poll: a zombie that stays is accounted, as root"), () => {
  const args = ["run", "--json", "--source", "poll", "--", program("late")!, "3", "100"];
  const { stdout, stderr, status } = runFh(args);
  assert.equal(status, 0);
  assertZombies(
    JSON.parse(stderr),
    stdout.trimEnd().split("\n").map((line) => line.split(" ")),
  );
});

/** The account of three zombies that stayed long enough to be seen; CPU times are tested closer. */
function assertZombies(report: Report, output: readonly string[][]): void {
  const lines = output.filter(([name]) => name!.startsWith("late-"));
  assert.equal(lines.length, 3);
  assert.equal(report.accounts, "zombie");
  const { started, accounted } = report.processes;
  assert.ok(accounted >= 1 && accounted <= started, `${accounted} of ${started} accounted`);
  assertSums(report, sumOf(lines, 2), sumOf(lines, 3));
  assert.equal(report.totals.write_bytes, sumOf(lines, 7) * 512, "nothing is counted twice");
  for (const [name, , , minor, major, , , blocks] of lines) {
    const row = report.commands.find(({ command }: Report) => command === name);
    // An exec and its name that were not seen leave it among its parent's.
    if (row === undefined || row.accounted === 0) continue;
    const { minor_faults, major_faults, write_bytes, peak_bytes } = row;
    assert.deepEqual(
      [minor_faults, major_faults, write_bytes, peak_bytes],
      [Number(minor), Number(major), Number(blocks) * 512, null],
      name,
    );
  }
}

test(...unless(exactMissing, "a zombie of another user is not accounted"), (t) => {
  const late = join(folder, "late");
  copyFileSync(program("late")!, late);
  chmodSync(late, 0o4755);
  const [report, lines] = accountOfNobody([late, "2", "100"], "--source", "poll");
  if (lines[0]![1] !== "0") return t.skip("this file system knows no set-user-ID programs");
  assert.deepEqual([report.processes.started, report.processes.accounted], [3, 0]);
});

test(...unless(exactMissing, "a job's orphans are buried after they were accounted"), () => {
  // They belong to nobody else: fh itself waits for them.
  const orphans = "for i in 1 2 3 4 5; do (sleep 0.2 & ) ; done";
  for (const source of ["poll", "auto"]) {
    const options = ["--wait-all", "--source", source];
    const [report] = accountOfNobody(["sh", "-c", orphans], ...options);
    const row = report.commands.find(({ command }: Report) => command === "sleep");
    assert.deepEqual([source, row.count, row.accounted], [source, 5, 5]);
  }
});
