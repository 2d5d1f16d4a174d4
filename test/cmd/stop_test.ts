import assert from "node:assert/strict";
import { Notes } from "../../src/ask/notes.ts";
import { test } from "node:test";
import { JobAnswers } from "../../src/ask/jobs.ts";
import { exportJobs } from "../../src/cmd/job/export.ts";
import { runCli } from "../../src/commands.ts";
import { History } from "../../src/history/history.ts";
import { HistoryStore } from "../../src/history/store.ts";
import { Users } from "../../src/proc/passwd.ts";
import type { Fields } from "../../src/serve/protocol.ts";
import { atEnd } from "../support/at_end.ts";
import { exit, fork, scan } from "../support/events.ts";
import { type FakeContext, fakeContext } from "../support/fake_output.ts";
import { JobRecorder } from "../support/job_recorder.ts";
import { Breath } from "../../src/steps.ts";
import { TestRecorder } from "../support/past.ts";

const S = 1e9;
const INIT = scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]);
const COUNT = 3000;

/** A context that is told to stop once something was written. */
function stoppedByWriting(): FakeContext {
  const context = fakeContext();
  const { stdout } = context;
  const write = stdout.write.bind(stdout);
  stdout.write = (chunk) => {
    write(chunk);
    context.abort.abort("SIGINT");
  };
  return context;
}

const past = new TestRecorder();
atEnd(() => past[Symbol.dispose]());
past.tell(...INIT);
for (let i = 0; i < COUNT; i++) past.tell(fork((10 + i) * S, 100 + i, 1));
for (let i = 0; i < COUNT; i++) past.tell(exit((4000 + i) * S, 100 + i, 0));
past.end();

for (const form of [[], ["--json"]]) {
  test(`fh log --tree ${form.join(" ")} ends within a tree when it is to stop`, async () => {
    const context = stoppedByWriting();
    const argv = ["log", "--db", past.path, "--tree", "--limit", "9999", ...form];
    assert.equal(await runCli(context, argv), 0);
    const all = fakeContext();
    assert.equal(await runCli(all, argv), 0);
    const [some, whole] = [context.stdout.text.length, all.stdout.text.length];
    assert.ok(some > 0 && some < whole, `${some} of ${whole} characters`);
  });
}

test("fh job export ends with the page after which it is to stop", async () => {
  const context = stoppedByWriting();
  let pages = 0;
  const door = {
    // Without the stop there would be a thousand.
    ask: (_op: string, _params: Fields) => {
      const next = ++pages < 1000 ? pages : null;
      return Promise.resolve({ members: [{ job: 1, pid: pages }], next });
    },
    notes: new Notes(),
    close: () => {},
  };
  const done = exportJobs(context, door, "job", {});
  await assert.rejects(done, /Stopped by SIGINT/);
  assert.equal(pages, 1);
});

test("members that live are looked for with pauses among those that have ended", async () => {
  using recorder = new JobRecorder();
  recorder.tell(...INIT, fork(2 * S, 10, 1));
  const job = recorder.jobs.create({ name: "job", owner: 0, since: 3 * S });
  recorder.jobs.add(job, recorder.machine.get(10)!, 3 * S);
  for (let i = 0; i < COUNT; i++) {
    recorder.tell(fork((4 + i) * S, 100 + i, 10), exit((4 + i) * S + 1, 100 + i, 0));
  }
  recorder.tell(fork(9000 * S, 11, 10));
  recorder.flush();
  let pauses = 0;
  const breath = new (class extends Breath {
    override take(): Promise<void> {
      pauses++;
      return Promise.resolve();
    }
  })(new AbortController().signal);
  const store = new HistoryStore(new History(recorder.path), breath);
  const users = new Users(() => "", () => 0);
  const answers = new JobAnswers(store, users, { uid: 0, privileged: true });
  const { members } = await answers.running("job");
  assert.deepEqual((members as { pid: number }[]).map(({ pid }) => pid), [10, 11]);
  assert.ok(pauses >= COUNT / 1000, `${pauses} pauses`);
  store.close();
  recorder.end();
});
