import assert from "node:assert/strict";
import { test } from "node:test";
import { Job } from "../../src/jobs/run_job.ts";
import { Account, encodeFigures, type TaskFigures } from "../../src/model/account.ts";
import { EVENT, SourceEvent } from "../../src/model/event.ts";
import { Machine } from "../../src/model/machine.ts";
import { jobJson } from "../../src/view/job_json.ts";
import { type JobFacts, jobReport } from "../../src/view/job_report.ts";
import { displayWidth, isUnsafe } from "../../src/text/escape.ts";
import { PLAIN_TABLE as PLAIN, type TableStyle } from "../../src/text/table.ts";
import { exec, exitOfAll, fork } from "../support/events.ts";
import { assertGolden } from "../support/golden.ts";

// deno-lint-ignore no-explicit-any
type Json = any;

const MS = 1_000_000;
const FIGURES: TaskFigures = {
  cpuNs: 3 * MS,
  userUs: 10,
  systemUs: 20,
  minorFaults: 4,
  majorFaults: 5,
  peakKib: 0,
  readBytes: 6,
  writeBytes: 7,
  voluntarySwitches: 8,
  involuntarySwitches: 9,
};

/** A job of a shell and two programs, the first of which is accounted. */
function facts(accounts: JobFacts["accounts"], more: Partial<TaskFigures> = {}): JobFacts {
  const job = new Job(10);
  const machine = new Machine({
    onChange: (change) => void job.note(change),
    onAccount: (process, one, last) => job.noteAccount(process, one, last),
  });
  const account = new SourceEvent().reset(EVENT.account, 5 * MS, 11, 11);
  account.a = 1;
  account.text = encodeFigures({ ...FIGURES, ...more });
  const events = [
    fork(1 * MS, 10, 1),
    fork(2 * MS, 11, 10),
    exec(3 * MS, 11, "/bin/seen"),
    ...accounts === null ? [] : [account],
    exitOfAll(6 * MS, 11, 0),
    fork(7 * MS, 12, 10),
    exec(8 * MS, 12, "/bin/missed"),
    exitOfAll(9 * MS, 12, 0),
  ];
  for (const event of events) machine.step(event);
  const usage = { ...new Account(), userNs: 8 * MS, systemNs: MS, peakBytes: null };
  return {
    ...{ name: "sh", argv: ["sh"], status: 0, signal: null, wallNs: 9 * MS, job, usage },
    ...{ source: "poll", accounts },
  };
}

const lineOf = (text: string, word: RegExp) => text.split("\n").find((line) => word.test(line))!;

test("the report says where accounts come from, and of how many", () => {
  const known = (accounts: JobFacts["accounts"]) =>
    lineOf(jobReport(facts(accounts), PLAIN), /^known/);
  assert.equal(
    known("zombie"),
    "known      1 of 2 by /proc of zombies; sums by zombie, wait4; source poll",
  );
  assert.equal(
    known("taskstats"),
    "known      1 of 2 by taskstats; sums by taskstats, wait4; source poll",
  );
  assert.match(known(null), /single processes are not accounted: .*; sums by wait4; /);
});

test("what is not known is no zero", () => {
  const text = jobReport(facts("zombie"), PLAIN);
  assert.match(lineOf(text, /seen$/), / 1 +3\.0ms +100\.0 % +\? {2}seen$/);
  assert.match(lineOf(text, /missed$/), / 0 +\? +\? +\? {2}missed$/);
  assert.equal(lineOf(text, /^memory/), "memory     not known");
  const json = jobJson(facts("zombie")) as Json;
  const [seen, missed] = json.commands;
  assert.deepEqual([json.accounts, json.totals.from], ["zombie", "zombie, wait4"]);
  assert.deepEqual(
    [seen.command, seen.accounted, seen.user_ns, seen.system_ns, seen.peak_bytes],
    ["seen", 1, MS, 2 * MS, null],
  );
  assert.deepEqual([missed.command, missed.accounted], ["missed", 0]);
  for (const [name, value] of Object.entries(missed).slice(5)) assert.equal(value, null, name);
});

test("the sums are the larger of accounts and wait4", () => {
  const totals = (figures: Partial<TaskFigures>) =>
    (jobJson(facts("zombie", figures)) as Json).totals;
  const { user_ns, system_ns, minor_faults } = totals({});
  assert.deepEqual([user_ns, system_ns, minor_faults], [8 * MS, MS, 4]);
  const { user_ns: user, system_ns: system, peak_bytes } = totals({ cpuNs: 30 * MS, peakKib: 2 });
  assert.deepEqual([user, system, peak_bytes], [10 * MS, 20 * MS, 2048]);
});

/** A terminal of so many cells. */
const terminal = (width: number): TableStyle => ({ head: (text) => text, width });

/** A make that compiles files, the sixth of which is wrong. */
function build(accounts: JobFacts["accounts"] = "taskstats"): JobFacts {
  const job = new Job(10);
  const machine = new Machine({ onChange: (change) => void job.note(change) });
  const events = [fork(0, 10, 1), exec(0, 10, "/usr/bin/make", "-j1")];
  for (let i = 1; i <= 6; i++) {
    const [at, pid, file] = [i * 1000 * MS, 10 + 2 * i, `src/very/long/path/of/file_${i}.c`];
    events.push(fork(at, pid, 10), exec(at, pid, "/bin/sh", "-c", `cc ${file} && echo ok`));
    const flags = ["-O2", "-Wall", "-Iinclude", "-DNAME=a value", "-c", "-o", `obj/${i}.o`];
    events.push(fork(at + MS, pid + 1, pid), exec(at + 2 * MS, pid + 1, "/bin/cc", ...flags, file));
    const status = i === 6 ? 0x100 : 0;
    events.push(exitOfAll(at + i * 100 * MS, pid + 1, status));
    events.push(exitOfAll(at + i * 100 * MS + MS, pid, status));
  }
  events.push(exitOfAll(6700 * MS, 10, 0x200));
  for (const event of events) machine.step(event);
  const usage = { ...new Account(), userNs: 1600 * MS, systemNs: 400 * MS, peakBytes: 3 << 20 };
  return {
    ...{
      name: "make",
      argv: ["make", "-j1"],
      status: 2,
      signal: null,
      wallNs: 6700 * MS,
      job,
      usage,
    },
    ...{ source: "connector", accounts },
  };
}

test("on a terminal what broke it first comes first, and all is some 20 lines", () => {
  const text = jobReport(build(), terminal(80));
  assertGolden("run/report_80.txt", text);
  const lines = text.trimEnd().split("\n");
  assert.ok(lines.length <= 22, `${lines.length} lines`);
  for (const line of lines) assert.ok(displayWidth(line) <= 160, line);
  assertGolden("run/report_file.txt", jobReport(build(), PLAIN));
});

test("on a terminal no line is wider than it, but for what failed first: that has two", () => {
  for (let width = 20; width < 200; width += 7) {
    for (const line of jobReport(build(), terminal(width)).trimEnd().split("\n")) {
      const isCause = line.startsWith("  ") && line.includes("cc");
      const isSum = /^(?:processes|time|known|for all) /.test(line);
      const most = isCause ? 2 * width : isSum ? Infinity : width;
      assert.ok(displayWidth(line) <= most, `${width}: ${line}`);
    }
  }
});

test("of a single process a terminal shows what it cost, and nothing twice", () => {
  const job = new Job(10);
  const machine = new Machine({ onChange: (change) => void job.note(change) });
  for (const event of [fork(0, 10, 1), exitOfAll(MS, 10, 0)]) machine.step(event);
  const facts: JobFacts = { ...build(), status: 0, job };
  const text = jobReport(facts, terminal(80));
  assert.doesNotMatch(text, /SLOWEST|CRITICAL PATH|for all of it|failed first/);
  assert.match(jobReport(facts, PLAIN), /SLOWEST[^]*CRITICAL PATH/);
});

test("an exit status is told as one, and a signal where one has killed the command", () => {
  const line = (status: number, signal: number | null) =>
    jobReport({ ...build(), status, signal }, PLAIN).split("\n")[0];
  assert.equal(line(130, null), "job make: exit 130 (of a shell: SIGINT)");
  assert.equal(line(130, 2), "job make: SIGINT");
  assert.equal(line(128, null), "job make: exit 128");
  assert.equal(line(255, null), "job make: exit 255");
  const json = (signal: number | null) => (jobJson({ ...build(), status: 137, signal }) as Json);
  assert.deepEqual([json(null).signal, json(9).signal, json(9).status], [null, "SIGKILL", 137]);
});

test("names that others chose are escaped in what broke it", () => {
  const job = new Job(10);
  const machine = new Machine({ onChange: (change) => void job.note(change) });
  const events = [fork(0, 10, 1), exec(0, 10, "/bin/\x1b[31mx\n"), exitOfAll(MS, 10, 0x100)];
  for (const event of events) machine.step(event);
  for (const style of [PLAIN, terminal(60)]) {
    const lines = jobReport({ ...build(), job }, style).split("\n");
    for (const line of lines) assert.ok(!isUnsafe(line), JSON.stringify(line));
  }
});
