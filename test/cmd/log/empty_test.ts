/** `fh log` where there is nothing to tell, and where there is no history. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseNameGlob } from "../../../src/ask/text/values.ts";
import { runLog } from "../../../src/cmd/log/run.ts";
import { exec, exit, fork, scan } from "../../support/events.ts";
import { fakeContext } from "../../support/fake_output.ts";
import { fakeProcfs } from "../../support/fake_procfs.ts";
import { TestRecorder } from "../../support/past.ts";

const S = 1e9;
const COLOR = { color: "never" } as const;

test("nothing found is said, with where it was looked for, and is status 3", async () => {
  using past = new TestRecorder();
  past.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]));
  past.tell(fork(2 * S, 100, 1), exec(2 * S + 1, 100, "/bin/there"), exit(3 * S, 100, 0)).end();
  const nothing = / nothing found from \S+ \S+ to \S+ \S+ in \S+$/;
  for (const options of [{}, { reverse: true }, { limit: 5 }, { tree: true }]) {
    const ask = async (comm: string) => {
      const context = fakeContext();
      const asked = { ...COLOR, ...options, db: past.path, comm: [parseNameGlob(comm)] };
      return { status: await runLog(context, asked), context };
    };
    const none = await ask("nowhere");
    assert.equal(none.status, 3, JSON.stringify(options));
    assert.equal(none.context.stdout.text, "");
    assert.match(none.context.stderr.text.trim(), nothing);
    const some = await ask("there");
    assert.deepEqual([some.status, some.context.stderr.text], [0, ""]);
  }
  const context = fakeContext();
  const asked = { ...COLOR, db: past.path, json: true, failed: true };
  assert.equal(await runLog(context, asked), 3);
  const { event, kind } = JSON.parse(context.stdout.text);
  assert.deepEqual([event, kind], ["info", "nothing"]);
});

test("without a history the newest of what runs are listed, as many as are asked for", async () => {
  const processes = Array.from({ length: 120 }, (_, i) => ({
    pid: i + 1,
    ppid: i === 0 ? 0 : 1,
    comm: "some",
    cmdline: `some\0${i + 1}\0`,
    start: i * 10,
  }));
  const { root, remove } = fakeProcfs(processes);
  try {
    const list = async (options: { limit?: number; reverse?: boolean }) => {
      const context = fakeContext({ procRoot: root, epoch: { seconds: 1_700_000_000, ns: 0 } });
      assert.equal(await runLog(context, { ...COLOR, json: true, ...options }), 0);
      const lines = context.stdout.text.trim().split("\n").map((line) => JSON.parse(line));
      const kinds = lines.flatMap(({ kind }) => kind ?? []);
      return { pids: lines.flatMap(({ pid }) => pid ?? []), kinds };
    };
    const all = await list({});
    assert.deepEqual([all.pids.length, all.pids[0], all.pids.at(-1)], [100, 21, 120]);
    assert.deepEqual(all.kinds.filter((kind: string) => kind === "limit"), ["limit"]);
    const three = await list({ limit: 3, reverse: true });
    assert.deepEqual(three.pids, [120, 119, 118]);
    assert.ok(!three.kinds.includes("limit"), "that is what was asked for");
  } finally {
    remove();
  }
});
