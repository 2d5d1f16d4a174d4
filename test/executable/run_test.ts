/** `fh run`: the command as it is, and its account. */
import assert from "node:assert/strict";
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { FH, runFh, runProgram } from "../support/executable.ts";
import { connectorMissing } from "../support/observe.ts";
import { program, programsMissing } from "../support/programs.ts";
import { AS_NOBODY, Running } from "../support/running.ts";

// deno-lint-ignore no-explicit-any
type Report = any;

const folder = mkdtempSync(join(tmpdir(), "fh-run-"));
chmodSync(folder, 0o777);
after(() => rmSync(folder, { recursive: true }));

const isRoot = process.getuid?.() === 0;
const exactMissing = programsMissing ?? connectorMissing ?? (isRoot ? null : "needs root");

function define(name: string, without: string | null, body: () => void | Promise<void>): void {
  if (without === null) test(name, body);
  else test(`${name} (skipped: ${without})`, { skip: true }, body);
}

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

define("what children cost is what wait4(2) says", exactMissing, () => {
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
    const allowed = Math.max((user! + system!) * 0.01, 1500);
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

define("5 000 short processes are all accounted", exactMissing, () => {
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

test("output and input are the command's, the account goes to standard error", () => {
  const { stdout, stderr } = runProgram("sh", ["-c", `echo in | "$0" run -- tr a-z A-Z`, FH]);
  assert.equal(stdout, "IN\n");
  assert.match(stderr, /^job tr: exit 0\nprocesses {2}1 started, 0 failed\n/);
  assert.match(stderr, /\ncritical path\n/);
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
    const [early] = account(daemon, "--source", source);
    assert.ok(early.wall_ns < 390e6, "without it nobody waits");
  });
}

test("a report that cannot be written is an error", () => {
  const { status, stderr } = runFh(["run", "--report", "/no/such/folder/r", "--", "true"]);
  assert.equal(status, 1);
  assert.match(stderr, /^fh: Cannot write the report to \/no\/such\/folder\/r: ENOENT/);
});

define("an ordinary user has the sums, and is told what is not known", exactMissing, () => {
  const fh = join(folder, "fh");
  copyFileSync(FH, fh);
  chmodSync(fh, 0o755);
  const [command, ...args] = [...AS_NOBODY, fh, "run", "--json", "--", program("cost")!, "3"];
  const { stdout, stderr, status } = runProgram(command!, args);
  assert.equal(status, 0);
  const report = JSON.parse(stderr);
  assert.deepEqual([report.accounts, report.totals.from], [null, "wait4"]);
  const { started, ended, accounted } = report.processes;
  assert.deepEqual([started, ended, accounted], [4, 4, 0]);
  const used = stdout.trimEnd().split("\n").map((line) => line.split(" ").slice(1).map(Number));
  const sum = (at: number) => used.reduce((all, row) => all + row[at]!, 0);
  const cpu = (report.totals.user_ns + report.totals.system_ns) / 1000;
  assert.ok(cpu >= sum(0) + sum(1), `${cpu} us`);
  assert.ok(cpu < (sum(0) + sum(1)) * 1.1 + 20_000, `${cpu} us`);
  assert.ok(report.totals.minor_faults >= sum(2));
});
