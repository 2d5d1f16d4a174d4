/** `fh log --tree`: with times and bars. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runLog } from "../../../src/cmd/log/run.ts";
import { exec, exit, fork, scan } from "../../support/events.ts";
import { fakeContext } from "../../support/fake_output.ts";
import { PAST_EPOCH, TestRecorder } from "../../support/past.ts";

const S = 1e9;

async function drawn(options: Record<string, unknown>): Promise<string[]> {
  using recorder = new TestRecorder();
  recorder.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]));
  recorder.tell(fork(2 * S, 100, 1), exec(2 * S + 1, 100, "/bin/make"));
  recorder.tell(fork(3 * S, 101, 100), exec(3 * S + 1, 101, "/bin/cc", "a.c"));
  recorder.tell(fork(4 * S, 102, 100), exit(5 * S, 102, 0x100));
  recorder.tell(exit(7 * S, 101, 0), exit(7.5 * S, 100, 0x200));
  recorder.end();
  const context = fakeContext({
    epoch: PAST_EPOCH,
    env: { LANG: "C.UTF-8" },
    now: () => (PAST_EPOCH.seconds + 10) * 1000,
  });
  await runLog(context, { color: "never", db: recorder.path, tree: true, ...options });
  // Whatever the zone is.
  return context.stdout.lines.map((line) =>
    line.replace(/\b\d\d:\d\d(?=:\d\d\.\d{3}\b)/g, "hh:mm")
  );
}

test("fh log --tree --times --bars: the scale is that of what was found", async () => {
  assert.deepEqual(await drawn({ times: true, bars: true }), [
    "     STARTED  LASTED  hh:mm:02.000   hh:mm:07.500  PROCESS",
    "hh:mm:00.000   7.50s  ◂█████████████████████████▸  1 /sbin/init",
    "hh:mm:02.000   5.50s  ██████████████████████████✗  └─ 100 /bin/make  # exit 2",
    "hh:mm:03.000   4.00s      ▕███████████████████▌       ├─ 101 /bin/cc a.c",
    "hh:mm:04.000   1.00s           ▕████▊✗                └─ 102 /bin/make  # exit 1",
  ]);
  const [head, ...lines] = await drawn({ bars: true, comm: [(name: string) => name === "cc"] });
  assert.match(head!, /^hh:mm:03\.000 +4\.00s +hh:mm:07\.000 {2}PROCESS$/);
  assert.deepEqual(lines.map((line) => line.slice(0, 2)), ["◂█", "◂█", "██"]);
});

test("fh log --times and --bars need --tree, and no JSON", async () => {
  await assert.rejects(drawn({ bars: true, tree: false }), /Bad option: --bars; .* --tree only/);
  await assert.rejects(drawn({ times: true, json: true }), /Bad options: --times with --json/);
});
