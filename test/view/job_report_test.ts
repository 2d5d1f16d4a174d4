import assert from "node:assert/strict";
import { test } from "node:test";
import { Job } from "../../src/jobs/run_job.ts";
import { Account, encodeFigures, type TaskFigures } from "../../src/model/account.ts";
import { EVENT, SourceEvent } from "../../src/model/event.ts";
import { Machine } from "../../src/model/machine.ts";
import { type JobFacts, jobJson, jobReport } from "../../src/view/job_report.ts";
import { PLAIN_TABLE as PLAIN } from "../../src/text/table.ts";
import { exec, exitOfAll, fork } from "../support/events.ts";

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
    ...{ name: "sh", argv: ["sh"], status: 0, wallNs: 9 * MS, job, usage },
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
