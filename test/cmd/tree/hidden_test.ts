/** How many a tree does not draw: the number is the true one, wherever it is cut. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runTree } from "../../../src/cmd/tree/run.ts";
import type { SourceEvent } from "../../../src/model/event.ts";
import { exec, exit, fork, scan } from "../../support/events.ts";
import { fakeContext } from "../../support/fake_output.ts";
import { fakeProcfs } from "../../support/fake_procfs.ts";
import { PAST_BOOT, TestRecorder } from "../../support/past.ts";

const S = 1e9;
const EACH = 600;
const SHELLS = [201, 202, 203];

interface Node {
  readonly pid: number;
  readonly state: string;
  readonly more_below?: number;
  readonly children: readonly Node[];
}

/** Three shells below 100 have started 600 each, and each of these one more; all of it is over. */
function* story(): Generator<SourceEvent> {
  yield* scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]);
  for (const pid of [100, ...SHELLS]) {
    yield fork(2 * S, pid, pid === 100 ? 1 : 100);
    yield exec(2 * S + 1, pid, "/bin/sh");
  }
  for (let i = 0; i < EACH; i++) {
    for (const [shell, ppid] of SHELLS.entries()) {
      const pid = 1000 + i * 10 + shell * 2;
      const at = 3 * S + pid * 1000;
      yield fork(at, pid, ppid);
      yield fork(at + 1, pid + 1, pid);
      yield exit(at + 2, pid + 1, 0);
      yield exit(at + 3, pid, 0);
    }
  }
}

function* nodesOf(node: Node): Generator<Node> {
  yield node;
  for (const child of node.children) yield* nodesOf(child);
}

test("what is not drawn below a process is counted at those that are", async () => {
  using past = new TestRecorder();
  past.tell(...story()).end();
  const shells = [100, ...SHELLS].map((pid) => ({
    pid,
    ppid: pid === 100 ? 1 : 100,
    comm: "sh",
    cmdline: "/bin/sh\0",
    start: 200,
  }));
  const init = { pid: 1, ppid: 0, comm: "init", cmdline: "/sbin/init\0" };
  const files = { "sys/kernel/random/boot_id": PAST_BOOT };
  const { root: procRoot, remove } = fakeProcfs([init, ...shells], files);
  try {
    const ask = async (options: { limit?: number; depth?: number }) => {
      const context = fakeContext({ procRoot, epoch: { seconds: 1_700_000_000, ns: 0 } });
      const asked = { color: "never", descendants: true, json: true, db: past.path, ...options };
      assert.equal(await runTree(context, ["100"], asked as Parameters<typeof runTree>[2]), 0);
      const top = JSON.parse(context.stdout.text) as Node;
      const nodes = [...nodesOf(top)];
      const drawn = nodes.filter(({ state }) => state === "exited").length;
      const more = nodes.reduce((sum, { more_below = 0 }) => sum + more_below, 0);
      return { top, drawn, more, note: context.stderr.text };
    };
    const all = 2 * EACH * SHELLS.length;
    for (const limit of [undefined, 1, 700, 1799, 1801, 3599]) {
      const { drawn, more, note } = await ask(limit === undefined ? {} : { limit });
      assert.deepEqual([drawn, more], [limit ?? 1000, all - (limit ?? 1000)]);
      assert.match(
        note,
        new RegExp(`the newest ${drawn} of ${all} that ended below 100 are shown`),
      );
    }
    const whole = await ask({ limit: all });
    assert.deepEqual([whole.drawn, whole.more, whole.note], [all, 0, ""]);
    const { top } = await ask({ depth: 1 });
    assert.deepEqual(top.children.map(({ more_below }) => more_below), SHELLS.map(() => 2 * EACH));
  } finally {
    remove();
  }
});
