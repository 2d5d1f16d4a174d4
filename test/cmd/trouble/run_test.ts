/** `fh trouble` over a history, and where that has nothing of late. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runCli } from "../../../src/commands.ts";
import { exec, exit, fork, scan } from "../../support/events.ts";
import { fakeContext } from "../../support/fake_output.ts";
import { PAST_EPOCH, TestRecorder } from "../../support/past.ts";

const S = 1e9;

/** A history with six crashes of one server, from its tenth second on. */
function crashed(): TestRecorder {
  const init = { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] };
  const past = new TestRecorder().tell(...scan(S, S, [init]));
  past.tell(fork(2 * S, 10, 1), exec(2 * S + 1000, 10, "/usr/bin/supervisor"));
  for (let i = 0; i < 6; i++) {
    const at = (10 + 2 * i) * S;
    past.tell(fork(at, 20 + i, 10), exec(at + 1000, 20 + i, "/usr/bin/server", "--all"));
    past.tell(exit(at + S, 20 + i, 11));
  }
  return past.flush().end();
}

async function trouble(past: TestRecorder, now: number, ...argv: readonly string[]) {
  const context = fakeContext({ now: () => now });
  const status = await runCli(context, ["trouble", "--db", past.path, ...argv]);
  return { status, stdout: context.stdout.text, stderr: context.stderr.text };
}

test("what a stretch of a history has is told, and its status says so", async () => {
  using past = crashed();
  const start = PAST_EPOCH.seconds * 1000;
  const stretch = ["--since", String(start / 1000), "--until", String(start / 1000 + 60)];
  const { status, stdout, stderr } = await trouble(past, start + 120_000, ...stretch);
  assert.match(
    stdout,
    /^server of root in a\.service crashes again and again: 6 times in 11\.0s, /,
  );
  assert.match(stdout, /SIGSEGV each time after 1\.00s; supervisor \(10\) starts it again every 2/);
  assert.equal(status, 1);
  assert.match(stderr, /no recorder is at work/);
  const early = [...stretch.slice(0, 3), String(start / 1000 + 15)];
  const none = await trouble(past, start + 120_000, ...early);
  assert.deepEqual([none.status, none.stdout], [0, "Nothing is wrong, as far as fh can see\n"]);
});

test("a time of which nothing was recorded is refused where somebody asks for it", async () => {
  using past = crashed();
  const now = (PAST_EPOCH.seconds + 86_400) * 1000;
  const { status, stderr } = await trouble(past, now, "--since", "10m ago", "--until", "5m ago");
  assert.equal(status, 3);
  assert.match(stderr, /^fh: /);
});
