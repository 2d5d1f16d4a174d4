/** `fh tree NAME`: the newest of that name, living or dead, now or at a time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CommandError } from "../../../src/fault.ts";
import { runTree } from "../../../src/cmd/tree/run.ts";
import { exec, exit, fork, scan } from "../../support/events.ts";
import { fakeContext } from "../../support/fake_output.ts";
import { fakeProcfs } from "../../support/fake_procfs.ts";
import { PAST_BOOT, PAST_EPOCH, TestRecorder } from "../../support/past.ts";

const S = 1e9;
const LIVING = [
  { pid: 1, ppid: 0, comm: "init", cmdline: "/sbin/init\0" },
  { pid: 100, ppid: 1, comm: "bash", cmdline: "/bin/bash\0./ci.sh\0", start: 200 },
  { pid: 101, ppid: 100, comm: "bash", cmdline: "/bin/bash\0./ci.sh\0", start: 300 },
];

function past(): TestRecorder {
  const recorder = new TestRecorder();
  recorder.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]));
  recorder.tell(fork(2 * S, 100, 1), exec(2 * S + 1, 100, "/bin/bash", "./ci.sh"));
  recorder.tell(fork(3 * S, 101, 100));
  recorder.tell(fork(4 * S, 200, 100), exec(4 * S + 1, 200, "/usr/bin/python3", "/opt/hog.py"));
  recorder.tell(exit(9 * S, 200, 0));
  return recorder.end();
}

async function ask(name: string, options: Record<string, unknown>): Promise<string> {
  const files = { "sys/kernel/random/boot_id": PAST_BOOT };
  const { root: procRoot, remove } = fakeProcfs(LIVING, files);
  try {
    const context = fakeContext({ procRoot, epoch: PAST_EPOCH });
    const asked = { color: "never", descendants: true, json: true, ...options };
    await runTree(context, [name], asked as Parameters<typeof runTree>[2]);
    const { pid, state } = JSON.parse(context.stdout.text);
    return `${pid} ${state}`;
  } catch (error) {
    const { status, message } = error as CommandError;
    return `${status} ${message}`;
  } finally {
    remove();
  }
}

test("a name is the newest that has none of its name above, or else who had it last", async () => {
  using recorder = past();
  const db = recorder.path;
  for (const where of [{}, { db }]) assert.equal(await ask("ci.sh", where), "100 running");
  assert.equal(await ask("hog.py", { db }), "200 exited");
  assert.match(await ask("hog.py", {}), /^3 No process named hog\.py: none is in \/proc; /);
  assert.match(
    await ask("nobody", { db }),
    /^3 No process named nobody: none is in \/proc and in /,
  );
});

test("at a time it is who had the name then", async () => {
  using recorder = past();
  const at = (ns: number) => ({ db: recorder.path, at: String(PAST_EPOCH.seconds + ns / 1e9) });
  assert.equal(await ask("hog.py", at(6 * S)), "200 running");
  assert.equal(await ask("bash", at(6 * S)), "100 running");
  assert.match(await ask("hog.py", at(3.5 * S)), /^3 No process named hog\.py: none is at that /);
});
