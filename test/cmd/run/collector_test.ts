import assert from "node:assert/strict";
import { test } from "node:test";
import { Collector } from "../../../src/cmd/run/collector.ts";
import { Job } from "../../../src/jobs/run_job.ts";
import { encodeFigures, type TaskFigures } from "../../../src/model/account.ts";
import { EVENT, GAP_REASON, SourceEvent } from "../../../src/model/event.ts";
import { RunningBoot } from "../../../src/model/boot.ts";
import { Machine } from "../../../src/model/machine.ts";
import { Users } from "../../../src/proc/passwd.ts";
import type { Spans } from "../../../src/report/span.ts";
import { exec, exitOfAll, fork } from "../../support/events.ts";

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
const FACTS = {
  ...{ name: "build", argv: ["sh"], status: 2, wallNs: 9 * MS },
  ...{ source: "connector", accounts: "taskstats" },
};
const NOBODY = new Users(() => "", () => 0);

/** What is collected of pid 10 and its children 11 and 12, of which the second lives on. */
function collect(max?: number): Spans {
  const collector = new Collector(max);
  const job = new Job(10);
  const boot = new RunningBoot("b007", { seconds: 1000, ns: 0 });
  const machine = new Machine({
    boot,
    onChange: (change) => void (job.note(change) && collector.note(change)),
    onAccount: (process, one) => collector.noteAccount(process, one),
  });
  const account = new SourceEvent().reset(EVENT.account, 5 * MS, 11, 11);
  account.a = 1;
  account.text = encodeFigures(FIGURES);
  const gap = new SourceEvent().reset(EVENT.gap, 6 * MS, 0, 0);
  gap.a = 5;
  gap.b = GAP_REASON.overflow;
  const events = [
    fork(1 * MS, 10, 1),
    fork(2 * MS, 11, 10),
    exec(3 * MS, 11, "/bin/seen"),
    account,
    exitOfAll(6 * MS, 11, 256),
    gap,
    fork(7 * MS, 12, 10),
    fork(8 * MS, 99, 1),
    exitOfAll(9 * MS, 10, 512),
  ];
  for (const event of events) machine.step(event);
  return collector.spans(FACTS, 10, NOBODY);
}

test("members are kept with what they cost, by the time of the first", () => {
  const { frame, spans } = collect();
  assert.deepEqual(spans.map(({ pid, start, end, status }) => [pid, start, end, status]), [
    [10, 0, 8 * MS, 512],
    [11, 1 * MS, 5 * MS, 256],
    [12, 6 * MS, null, null],
  ]);
  const [root, seen, living] = spans;
  assert.deepEqual([seen!.parent, living!.parent], [root!.id, root!.id]);
  assert.equal(seen!.image.name, "seen");
  assert.equal(seen!.cost!.user_ns + seen!.cost!.system_ns, 3 * MS);
  assert.deepEqual([seen!.cost!.peak_bytes, root!.cost], [null, null]);
  assert.deepEqual([frame.originMs, frame.lengthNs], [1_000_001, 9 * MS]);
  assert.deepEqual(frame.run, { name: "build", argv: ["sh"], status: 2, root: root!.id });
  assert.equal(frame.gaps.length, 1);
  assert.deepEqual(frame.notes, []);
});

test("what is beyond the limit is counted", () => {
  const { frame, spans } = collect(1);
  assert.deepEqual(spans.map(({ pid }) => pid), [10]);
  assert.deepEqual(frame.notes, [
    "1 more processes are not in it: there were too many to keep",
  ]);
});
