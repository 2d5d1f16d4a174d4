/** `fh report diff` of what a history has: processes, and stretches of time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runDiff } from "../../../src/cmd/report/diff_run.ts";
import { exec, exit, fork, scan } from "../../support/events.ts";
import { fakeContext } from "../../support/fake_output.ts";
import { PAST_EPOCH, TestRecorder } from "../../support/past.ts";

const S = 1e9;

/** Two builds: the second compiles for longer, and strips. */
function past(): TestRecorder {
  const recorder = new TestRecorder();
  const run = (at: number, pid: number, parent: number, lasts: number, ...argv: string[]) => {
    recorder.tell(fork(at * S, pid, parent), exec(at * S + 1, pid, argv[0]!, ...argv.slice(1)));
    return () => recorder.tell(exit((at + lasts) * S, pid, 0));
  };
  recorder.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]));
  const first = run(10, 100, 1, 5, "/bin/make", "-s");
  run(11, 101, 100, 2, "/bin/cc", "a.c")();
  first();
  const second = run(20, 200, 1, 9, "/bin/make", "-s");
  run(21, 201, 200, 6, "/bin/cc", "a.c")();
  run(28, 202, 200, 0.5, "/bin/strip")();
  second();
  return recorder.end();
}

async function diff(...operands: string[]): Promise<{ text: string; notes: string }> {
  using recorder = past();
  const now = () => (PAST_EPOCH.seconds + 60) * 1000;
  const context = fakeContext({ epoch: PAST_EPOCH, now });
  assert.equal(await runDiff(context, operands, { db: recorder.path, color: "never" }), 0);
  return { text: context.stdout.text, notes: context.stderr.text };
}

const at = (seconds: number) => new Date((PAST_EPOCH.seconds + seconds) * 1000).toISOString();

test("two processes are compared with all that they started", async () => {
  const { text, notes } = await diff("pid:100", "pid:200");
  assert.match(text, /^slower by 4\.00s \(\+80 %\): 5\.00s before, 9\.00s after\n/);
  assert.match(text, /\nWHAT .*WAITED.*\nslower +\+4\.00s +2\.00s +6\.00s .* \/bin\/cc a\.c\n/);
  assert.match(text, /^new +\+500ms .* \/bin\/strip$/m);
  assert.equal(notes, "");
});

test("two stretches are compared by what began and ended in them", async () => {
  const { text } = await diff(`${at(9)}..${at(16)}`, `${at(19)}..${at(30)}`);
  assert.match(text, /^more processes by 1 \(\+33 %\): 3 before, 4 after\n/);
  assert.match(text, /^longer +2\.00s +6\.00s .* \/bin\/cc a\.c$/m);
  assert.match(text, /^new .* \/bin\/strip$/m);
  assert.match(text, /not all have one first process: what they waited for is not known/);
});

test("a process that is not there is told", async () => {
  await assert.rejects(diff("pid:100", "pid:4711"), /No such process /);
  await assert.rejects(diff("job:none", "pid:100"), /none/);
});
