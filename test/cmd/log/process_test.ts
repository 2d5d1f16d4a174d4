/** `fh log --pid`: which of those that had a pid, and who is meant by a name. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runLog } from "../../../src/cmd/log/run.ts";
import type { CommandError } from "../../../src/fault.ts";
import { exec, exit, fork, scan } from "../../support/events.ts";
import { fakeContext } from "../../support/fake_output.ts";
import { fakeProcfs } from "../../support/fake_procfs.ts";
import { PAST_BOOT, PAST_EPOCH, TestRecorder } from "../../support/past.ts";

const S = 1e9;
const BOOT = PAST_BOOT.slice(0, 8);

/** Twice somebody has pid 100, with a child each; the second is a script. */
function past(): TestRecorder {
  const recorder = new TestRecorder();
  recorder.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]));
  recorder.tell(fork(2 * S, 100, 1), exec(2 * S + 1, 100, "/bin/first"));
  recorder.tell(fork(3 * S, 101, 100), exit(4 * S, 101, 0), exit(5 * S, 100, 0));
  recorder.tell(fork(6 * S, 100, 1), exec(6 * S + 1, 100, "/bin/sh", "/opt/ci.sh"));
  recorder.tell(fork(7 * S, 102, 100), exit(8 * S, 102, 0), exit(9 * S, 100, 0));
  return recorder.end();
}

async function ask(...pid: readonly string[]): Promise<{ found: string; notes: string[] }> {
  using recorder = past();
  const files = { "sys/kernel/random/boot_id": PAST_BOOT };
  const { root, remove } = fakeProcfs([{ pid: 1, ppid: 0, comm: "init", start: 0 }], files);
  try {
    const context = fakeContext({ procRoot: root, epoch: PAST_EPOCH });
    await runLog(context, { color: "never", json: true, db: recorder.path, pid });
    const lines = context.stdout.text.trim().split("\n").map((line) => JSON.parse(line));
    const exits = lines.filter(({ event }) => event === "exit");
    const notes = lines.filter(({ event }) => event === "info").map(({ text }) => text);
    return {
      found: exits.map(({ pid, duration_ns }) => `${pid}/${duration_ns / S}`).join(" "),
      notes,
    };
  } catch (error) {
    const { status, message } = error as CommandError;
    return { found: `${status} ${message}`, notes: [] };
  } finally {
    remove();
  }
}

test("of a pid alone all that had it are told, and that they are several", async () => {
  const { found, notes } = await ask("100");
  assert.equal(found, "101/1 100/3 102/1 100/3");
  assert.deepEqual(notes, [
    "2 processes had pid 100, and all of them are shown; for one give 100@TIME, or an id such as " +
    `${BOOT}-100-600`,
  ]);
});

test("a time, an id or a name tells one of them, with its own descendants", async () => {
  const at = (seconds: number) => `100@${PAST_EPOCH.seconds + seconds}`;
  assert.deepEqual(await ask(at(4)), { found: "101/1 100/3", notes: [] });
  assert.deepEqual(await ask(at(8)), { found: "102/1 100/3", notes: [] });
  assert.deepEqual(await ask(`${BOOT}-100-600`), { found: "102/1 100/3", notes: [] });
  assert.deepEqual(await ask("ci.sh"), { found: "102/1 100/3", notes: [] });
  assert.deepEqual(await ask("first", "102"), { found: "101/1 100/3 102/1", notes: [] });
  assert.match((await ask(at(8).replace("100@", "101@"))).found, /^3 No process 101: /);
  assert.match((await ask("nobody")).found, /^3 No process named nobody: /);
  assert.match((await ask("-1")).found, /^2 Bad pid: /);
});
