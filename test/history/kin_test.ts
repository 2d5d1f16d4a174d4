import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { findTarget } from "../../src/ask/find.ts";
import { History } from "../../src/history/history.ts";
import { Kin } from "../../src/history/kin.ts";
import { Life } from "../../src/history/life.ts";
import type { Family, Living } from "../../src/ask/store.ts";
import { ANCESTORS_MAX } from "../../src/model/memory.ts";
import type { Process } from "../../src/model/process.ts";
import { takeSnapshot } from "../../src/model/snapshot.ts";
import { readProcesses } from "../../src/proc/processes.ts";
import { openProcfs } from "../../src/proc/procfs.ts";
import { parseStat } from "../../src/proc/stat.ts";
import { STEP_ROWS, type Steps } from "../../src/steps.ts";
import { exec, exit, fork, scan } from "../support/events.ts";
import { type FakeProcess, fakeProcfs } from "../support/fake_procfs.ts";
import { PAST_BOOT, TestRecorder } from "../support/past.ts";
import { storeOf } from "../support/written.ts";

const S = 1e9;
const INIT: FakeProcess = { pid: 1, ppid: 0, comm: "init", cmdline: "/sbin/init\0" };

/** 100 forks 200, which leaves 300 behind; 400 comes, ends and is reaped. */
function story(): TestRecorder {
  const past = new TestRecorder();
  past.tell(
    ...scan(S, S, [
      { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] },
      { pid: 100, ppid: 1, start: 5e8, argv: ["/bin/sh"] },
    ]),
    fork(2 * S, 200, 100),
    exec(2 * S + 1, 200, "/bin/leaver", "-x"),
    fork(2 * S + 2, 300, 200),
    exit(3 * S, 200, 0),
    fork(4 * S, 400, 100),
    exit(5 * S, 400, 0x100),
  );
  return past.end();
}

interface Joined {
  readonly family: Family;
  readonly history: History;
  readonly here: Living;
}

/** Joins a history with what a /proc shows, and asks. */
async function join(
  past: TestRecorder,
  processes: readonly FakeProcess[],
  question: (joined: Joined) => Promise<void>,
): Promise<void> {
  const { root, remove } = fakeProcfs(processes, { "sys/kernel/random/boot_id": PAST_BOOT });
  const history = new History(past.path);
  try {
    const reader = openProcfs(root);
    const here = {
      processes: takeSnapshot(readProcesses(reader, reader.pids()), (argv) => argv),
      bootId: PAST_BOOT,
      startTicks: (pid: number) => {
        const bytes = reader.read(pid, "stat");
        return bytes === null ? null : parseStat(bytes)?.startTicks ?? null;
      },
    };
    await question({ family: storeOf(history).family(here), history, here });
  } finally {
    history.close();
    remove();
  }
}

const named = (pid: number) => ({ pid, at: null, id: null });

function chainOf(process: Process | null): string[] {
  const chain: string[] = [];
  for (let at = process; at !== null; at = at.parent) chain.push(`${at.pid} ${at.state}`);
  return chain;
}

test("an orphan stands below the dead that forked it, who has adopted it is noted", async () => {
  using past = story();
  const orphan = { pid: 300, ppid: 1, comm: "leaver", cmdline: "/bin/leaver\0-x\0", start: 200 };
  const shell = { pid: 100, ppid: 1, comm: "sh", cmdline: "/bin/sh\0", start: 50 };
  await join(past, [INIT, shell, orphan], async ({ family, here: { processes } }) => {
    const found = await findTarget(family, named(300));
    assert.equal(found, processes.find(({ pid }) => pid === 300), "the living one stands for it");
    assert.deepEqual([found!.ppid, found!.reaper, found!.start], [200, 1, 2 * S + 2]);
    assert.deepEqual(chainOf(found), ["300 running", "200 exited", "100 running", "1 running"]);
    const below = await family.deadBelow((await findTarget(family, named(100)))!, 10);
    assert.deepEqual(below.dead.map(({ pid }) => pid).toSorted(), [200, 400]);
    const one = await family.deadBelow((await findTarget(family, named(100)))!, 1);
    assert.deepEqual([one.dead.length, one.hidden.size, below.hidden.size], [1, 0, 0]);
    assert.ok(one.isWhole, "200 is drawn above the orphan, whatever the limit is");
  });
});

test("what the history has as running and /proc has not ended unseen", async () => {
  using past = story();
  // Another process has the pid by now: it began later.
  const other = { pid: 300, ppid: 1, comm: "other", cmdline: "/bin/other\0", start: 900 };
  await join(past, [INIT, other], async ({ family }) => {
    assert.deepEqual(chainOf(await findTarget(family, named(300))), ["300 running", "1 running"]);
    const id = `${PAST_BOOT.slice(0, 8)}-300-200`;
    const former = await findTarget(family, { pid: 300, at: null, id });
    assert.deepEqual(chainOf(former), ["300 unknown", "200 exited", "100 unknown", "1 running"]);
  });
});

test("a zombie has the command line and the status that the recorder has seen", async () => {
  using past = story();
  const zombie = { pid: 200, ppid: 1, comm: "leaver", state: "Z", start: 200 };
  await join(past, [INIT, zombie], async ({ family }) => {
    const found = (await findTarget(family, named(200)))!;
    assert.deepEqual([found.state, found.status, found.end], ["exited", 0, null]);
    assert.deepEqual(found.image.argv, ["/bin/leaver", "-x"]);
    assert.equal(found.reaper, 1);
  });
});

/** Puts `count` dead generations above the living 900; the shell has forked the first of them. */
function stretch(past: TestRecorder, count: number): void {
  using db = new DatabaseSync(past.path);
  db.exec(`
    INSERT INTO life (boot, pid, born, span, parent, status, image, flags)
      WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${count - 1})
      SELECT l.boot, 1000 + i, 6000000000 + i * 1000, 2000,
          iif(i = 0, l.id, (SELECT max(id) FROM life) + i), 0, l.image, 0
        FROM n, life l WHERE l.pid = 100;
    INSERT INTO life (boot, pid, born, parent, image, flags)
      SELECT boot, 900, 7000000000, id, image, 0 FROM life ORDER BY id DESC LIMIT 1;`);
}

/** Does work, and counts its pauses. */
function pausesOf(work: Steps<unknown>): number {
  let pauses = 0;
  while (work.next().done !== true) pauses++;
  return pauses;
}

test("a line of ancestors is followed so far, pausing, and takes nothing from others", async () => {
  using past = story();
  stretch(past, ANCESTORS_MAX + 100);
  const deep = { pid: 900, ppid: 1, comm: "deep", start: 700 };
  const shell = { pid: 100, ppid: 1, comm: "sh", cmdline: "/bin/sh\0", start: 50 };
  const orphan = { pid: 300, ppid: 1, comm: "leaver", cmdline: "/bin/leaver\0-x\0", start: 200 };
  await join(past, [INIT, deep, shell, orphan], ({ history, here }) => {
    const { processes } = here;
    const pauses = pausesOf(new Kin(history, here).linkAll());
    assert.ok(pauses >= ANCESTORS_MAX / STEP_ROWS, `${pauses} pauses`);
    const chain: Process[] = [];
    for (let at = processes.find(({ pid }) => pid === 900) ?? null; at !== null; at = at.parent) {
      chain.push(at);
    }
    assert.ok(chain.length > ANCESTORS_MAX - 100 && chain.length <= ANCESTORS_MAX + 1);
    const top = chain.at(-1);
    assert.ok(top instanceof Life && top.moreAbove && top.ppid === top.pid - 1);
    const other = processes.find(({ pid }) => pid === 300) ?? null;
    assert.deepEqual(chainOf(other), ["300 running", "200 exited", "100 running", "1 running"]);
    return Promise.resolve();
  });
});

test("who asks for one process pays for no other one", async () => {
  using past = story();
  const others = Array.from({ length: 200 }, (_, i) => ({ pid: 2000 + i, ppid: 1, comm: "other" }));
  const orphan = { pid: 300, ppid: 1, comm: "leaver", cmdline: "/bin/leaver\0-x\0", start: 200 };
  await join(past, [INIT, orphan, ...others], async ({ family, history }) => {
    const { lifeNow } = history;
    let asked = 0;
    history.lifeNow = function (boot, process) {
      asked++;
      return lifeNow.call(this, boot, process);
    };
    const found = await findTarget(family, named(300));
    assert.deepEqual(chainOf(found).length, 4);
    assert.ok(asked <= 4, `${asked} asked`);
  });
});
