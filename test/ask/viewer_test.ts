/** What answers leave out for somebody who may not see everything, and what they still tell. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Asking } from "../../src/ask/asking.ts";
import { Notes } from "../../src/ask/notes.ts";
import { parseTarget } from "../../src/ask/text/target.ts";
import { askTree } from "../../src/ask/tree.ts";
import { EVERYTHING, type Viewer } from "../../src/ask/viewer.ts";
import { askWhy } from "../../src/ask/why.ts";
import type { CommandError } from "../../src/fault.ts";
import { History } from "../../src/history/history.ts";
import { RunningBoot } from "../../src/model/boot.ts";
import type { TreeNode } from "../../src/model/tree.ts";
import { readShortBootId } from "../../src/proc/boot_id.ts";
import { Users } from "../../src/proc/passwd.ts";
import { openProcfs } from "../../src/proc/procfs.ts";
import { Breath } from "../../src/steps.ts";
import { exec, exit, fork, scan } from "../support/events.ts";
import { fakeProcfs } from "../support/fake_procfs.ts";
import { PAST_BOOT, TestRecorder } from "../support/past.ts";
import { storeOf } from "../support/written.ts";

const S = 1e9;
const ANN: Viewer = { uid: 1000, privileged: false };
/** init starts a daemon of root; that starts a shell of ann, which starts another of root's. */
const LIVING = [
  { pid: 1, ppid: 0, comm: "init", cmdline: "/sbin/init\0" },
  { pid: 100, ppid: 1, comm: "sshd", cmdline: "sshd\0", start: 50 },
  { pid: 200, ppid: 100, comm: "bash", cmdline: "bash\0", uid: 1000, start: 9000 },
  { pid: 300, ppid: 200, comm: "su", cmdline: "su\0-c\0secret\0", start: 9100 },
];

/** A history in which root had pid 200 before. */
function past(): TestRecorder {
  const recorder = new TestRecorder();
  recorder.tell(
    ...scan(S, S, [
      { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] },
      { pid: 100, ppid: 1, start: 5e8, argv: ["sshd"] },
    ]),
    fork(60 * S, 200, 100),
    exec(60 * S + 1e6, 200, "backup", "--of", "ann"),
    exit(61 * S, 200, 0),
  );
  return recorder.end();
}

async function as<Answer>(
  viewer: Viewer,
  question: (asking: Asking) => Promise<Answer>,
): Promise<{ answer: Answer; notes: string[] }> {
  using recorder = past();
  const { root, remove } = fakeProcfs(LIVING, { "sys/kernel/random/boot_id": PAST_BOOT });
  const store = storeOf(new History(recorder.path));
  const notes = new Notes();
  try {
    const reader = openProcfs(root);
    const answer = await question({
      store,
      historyPlace: { path: recorder.path, isOfRoot: false },
      reader,
      procRoot: root,
      boot: new RunningBoot(readShortBootId(reader)),
      users: new Users(() => null, () => 0),
      redact: undefined,
      viewer,
      crontabs: () => [],
      breath: new Breath(new AbortController().signal),
      notes,
      now: Date.now,
    });
    return { answer, notes: [...notes].map(({ kind }) => kind) };
  } finally {
    store.close();
    remove();
  }
}

function pidsOf(roots: readonly TreeNode[]): number[] {
  return roots.flatMap(({ process, children }) => [process.pid, ...pidsOf(children)]);
}

test("a tree has the processes that its viewer may see, and no others", async () => {
  const all = (asking: Asking) => askTree(asking, null, {});
  assert.deepEqual(pidsOf((await as(EVERYTHING, all)).answer.roots), [1, 100, 200, 300]);
  assert.deepEqual(pidsOf((await as(ANN, all)).answer.roots), [200]);
});

test("of who had a pid before, only those are counted that may be seen", async () => {
  const of200 = (asking: Asking) => askTree(asking, parseTarget("200", 0), {});
  assert.ok((await as(EVERYTHING, of200)).notes.includes("others"));
  const { answer, notes } = await as(ANN, of200);
  assert.deepEqual([answer.focus?.pid, notes.includes("others")], [200, false]);
});

test("why leaves out the links that may not be seen, and then the origin, too", async () => {
  const of300 = (asking: Asking) => askWhy(asking, "300");
  const { answer } = await as(EVERYTHING, of300);
  assert.deepEqual(answer.chain.map(({ process }) => process.pid), [300, 200, 100, 1]);
  assert.equal(answer.origin?.kind, "ssh");
  const own = await as(ANN, (asking) => askWhy(asking, "200"));
  assert.deepEqual(own.answer.chain.map(({ process }) => process.pid), [200]);
  assert.equal(own.answer.origin, null);
});

test("nobody is told whether there is a process that they may not see", async () => {
  const questions: readonly ((asking: Asking) => Promise<unknown>)[] = [
    (asking: Asking) => askTree(asking, parseTarget("300", 0), {}),
    (asking: Asking) => askWhy(asking, "300"),
    (asking: Asking) => askWhy(asking, "su"),
    (asking: Asking) => askWhy(asking, "backup"),
  ];
  for (const question of questions) {
    await assert.rejects(as(ANN, question), (error: CommandError) => error.status === 3);
    await as(EVERYTHING, question);
  }
});
