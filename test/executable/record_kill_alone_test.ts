/** A recorder that is killed loses less than the last second, and never leaves a damaged file. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Task } from "../bench/support/truth.ts";
import { temporaryFolder } from "../support/at_end.ts";
import { LastingLoad } from "../support/lasting_load.ts";
import { connectorMissing } from "../support/observe.ts";
import { programsMissing } from "../support/programs.ts";
import { random } from "../support/random.ts";
import {
  compareRows,
  copyHistory,
  integrityOf,
  monotonicNs,
  readGaps,
  readRows,
  readRuns,
  startRecorder,
  suspendedNs,
} from "../support/recorded.ts";
import { unless } from "../support/unless.ts";

/** So many recorders are killed again and again at the same time, each with a file of its own. */
const LANES = 3;
const ROUNDS = 17;
/** A recorder lives for so long at most: more than the second that it may lose. */
const LIFE_MS = 2200;
const LOSS_NS = 1e9;
const SEED = 20_261_124;

const folder = temporaryFolder("fh-kill-");

/** A stretch of time within which a recorder ran, nanoseconds of CLOCK_MONOTONIC. */
interface Round {
  readonly ready: number;
  readonly killed: number;
  /** What of its end may not have been written, nanoseconds. */
  readonly loss: number;
}

/** How long the main thread of a process has waited for a CPU, nanoseconds (fs/proc/base.c). */
function waitedNs(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[1]);
}

/** Starts a recorder, kills it at a random moment, and looks at what it left. */
async function killOnce(db: string, afterMs: number): Promise<Round> {
  await using fh = await startRecorder(db);
  const ready = monotonicNs();
  const waited = waitedNs(fh.pid);
  await delay(afterMs);
  // The second is promised to who gets a CPU when it needs one.
  const loss = LOSS_NS + waitedNs(fh.pid) - waited;
  const killed = monotonicNs();
  const { status } = await fh.end("SIGKILL");
  assert.equal(status, null);
  const copy = copyHistory(db, `${db}-copy`);
  assert.equal(integrityOf(copy), "ok");
  const { seen, ended } = readRuns(copy).at(-1)!;
  copy.close();
  assert.equal(ended, null);
  const late = killed + suspendedNs() - Number(seen);
  if (killed - ready > loss) assert.ok(late < loss, `${late} ns were not written, not ${loss}`);
  return { ready, killed, loss };
}

async function killAgainAndAgain(lane: number): Promise<{ db: string; rounds: Round[] }> {
  const next = random(SEED + lane);
  const db = join(folder, `${lane}.db`);
  const rounds: Round[] = [];
  while (rounds.length < ROUNDS) rounds.push(await killOnce(db, next() * LIFE_MS));
  await using fh = await startRecorder(db);
  const { status, stderr } = await fh.end("SIGTERM");
  assert.equal(status, 0, stderr);
  return { db, rounds };
}

/** Those of which it must know everything. */
function certain(tasks: readonly Task[], { ready, killed, loss }: Round): Task[] {
  return tasks.filter(({ start, end }) => start > ready && end < killed - loss);
}

const missing = programsMissing ?? connectorMissing;

test(
  ...unless(
    missing,
    `a recorder killed ${LANES * ROUNDS} times under load keeps what is a second old`,
  ),
  async () => {
    await using load = LastingLoad.start(
      "vfork,count=1500,rate=1500",
      "spawn,count=150,rate=300,life=1000",
      "tree,count=20,depth=3,width=2,life=2000",
      "fork,count=100,rate=500,life=30000",
    );
    const lanes = await Promise.all(Array.from({ length: LANES }, (_, n) => killAgainAndAgain(n)));
    const tasks = await load.stop();
    let compared = 0;
    for (const { db, rounds } of lanes) {
      const file = new DatabaseSync(db, { readOnly: true });
      const expected = rounds.flatMap((round) => certain(tasks, round));
      compared += expected.length;
      assert.deepEqual(compareRows(readRows(file), expected), { missing: [], wrong: [] });
      const gaps = readGaps(file);
      assert.deepEqual(gaps.map(({ reason }) => reason), rounds.map(() => "not recording"));
      const offset = suspendedNs();
      rounds.forEach(({ killed }, at) => {
        const { since, until } = gaps[at]!;
        assert.ok(since <= killed + offset && until >= killed + offset, `gap ${at}`);
      });
      assert.equal(integrityOf(file), "ok");
      file.close();
    }
    assert.ok(compared > 1000, `only ${compared} tasks were compared`);
  },
);
