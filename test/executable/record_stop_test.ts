/** How a recorder ends: up to which moment everything is in its file, and what does not end it. */
import assert from "node:assert/strict";
import { renameSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { pause } from "../../src/steps.ts";
import type { Task } from "../bench/support/truth.ts";
import { temporaryFolder } from "../support/at_end.ts";
import { LastingLoad } from "../support/lasting_load.ts";
import { connectorMissing } from "../support/observe.ts";
import { programsMissing } from "../support/programs.ts";
import {
  compareRows,
  type Gap,
  readGaps,
  readRows,
  readRuns,
  type Row,
  startRecorder,
  suspendedNs,
} from "../support/recorded.ts";
import { recordTo, type Source } from "../support/questions.ts";
import { unless } from "../support/unless.ts";

/** Forks at a steady pace: some two in each millisecond, of processes that a poller meets. */
const STEADY = "fork,count=8000,rate=2000,life=30000";
/** What is looked at: so long after the beginning of a run, and before its end. */
const EDGE_NS = 50e6;
/** Restarts of a recorder: where a part of a millisecond is missing, one of them shows it. */
const RUNS = 6;

const folder = temporaryFolder("fh-stop-");

/** A stretch of time in which a recorder ran, nanoseconds since boot. */
interface Run {
  readonly since: number;
  readonly ended: number;
}

/**
 * Those tasks that were surely forked at the edges of a run: when the next began they were there.
 */
function forkedAtEdges({ since, ended }: Run, tasks: readonly Task[]): Task[] {
  const offset = suspendedNs();
  return tasks.slice(0, -1).filter(({ start, ppid }, index) => {
    const next = tasks[index + 1]!;
    const [after, before] = [start + offset - since, ended - next.start - offset];
    const isAtEdge = after < EDGE_NS || before < EDGE_NS;
    return ppid === next.ppid && after >= 0 && before >= 0 && isAtEdge;
  });
}

async function stopAgainAndAgain(source: Source): Promise<void> {
  const db = join(folder, `${source}.db`);
  const load = LastingLoad.start(STEADY);
  try {
    for (let run = 0; run < RUNS; run++) {
      await using recorder = await recordTo(db, source);
      assert.equal((await recorder.end("SIGTERM")).status, 0);
    }
  } finally {
    await load.stop();
  }
  const tasks = await load.stop();
  const { rows, runs, gaps } = read(db);
  assert.equal(runs.length, RUNS);
  const pauses = gaps.filter(({ reason }) => reason === "not recording");
  assert.deepEqual(
    pauses.map(({ since, until }) => [since, until]),
    runs.slice(1).map(({ since }, index) => [runs[index]!.ended, since]),
    "what is missing begins where the run ended, and ends where the next began",
  );
  const lost = gaps.reduce((sum, { lost }) => sum + (lost ?? 0), 0);
  assertComplete(runs, rows, tasks, lost);
}

/** The file that is moved away holds what was forked before its run ended, the new one the rest. */
async function reopen(source: Source): Promise<void> {
  const [db, moved] = [join(folder, `${source}-new.db`), join(folder, `${source}-moved.db`)];
  const load = LastingLoad.start(STEADY);
  await using recorder = await startRecorder(db, ["--no-socket", "--source", source]);
  try {
    // The first run lasts a while.
    await pause(2 * EDGE_NS / 1e6);
    renameSync(db, moved);
    recorder.kill("SIGHUP");
    await recorder.until("the new file", () => recorder.stderr.includes("opened again"));
    assert.equal((await recorder.end("SIGTERM")).status, 0);
  } finally {
    await load.stop();
  }
  const [before, after] = [read(moved), read(db)];
  const [first, second] = [before.runs[0]!, after.runs[0]!];
  assert.equal(first.ended, second.since);
  const tasks = await load.stop();
  const lost = [...before.gaps, ...after.gaps].reduce((sum, gap) => sum + (gap.lost ?? 0), 0);
  assertComplete([first], before.rows, tasks, lost);
  assertComplete([second], after.rows, tasks, lost);
}

function read(db: string): { rows: Row[]; runs: Run[]; gaps: Gap[] } {
  const file = new DatabaseSync(db, { readOnly: true });
  try {
    const runs = readRuns(file) as unknown as Run[];
    return { rows: readRows(file), runs, gaps: readGaps(file) };
  } finally {
    file.close();
  }
}

function assertComplete(
  runs: readonly Run[],
  rows: readonly Row[],
  tasks: readonly Task[],
  lost: number,
): void {
  let forked = 0;
  const missing = runs.flatMap((run) => {
    const inside = forkedAtEdges(run, tasks);
    forked += inside.length;
    const { ended, since } = run;
    return compareRows(rows, inside).missing.map(({ start }) => {
      const at = start + suspendedNs();
      return `${((at - since) / 1e6).toFixed(3)} ms after the beginning, ` +
        `${((ended - at) / 1e6).toFixed(3)} ms before the end`;
    });
  });
  assert.ok(forked > 0, "nothing was forked in these runs");
  const some = missing.slice(0, 5).join("; ");
  assert.ok(missing.length <= lost, `${missing.length} missing, ${lost} lost: ${some}`);
}

for (const source of ["connector", "poll"] as const) {
  const missing = programsMissing ?? (source === "connector" ? connectorMissing : null);
  test(
    ...unless(
      missing,
      `${source}: what was forked before the end of a run is in it, and the gap begins there`,
    ),
    () => stopAgainAndAgain(source),
  );
  test(
    ...unless(
      missing,
      `${source}: a file that is opened again goes on where the one before has ended`,
    ),
    () => reopen(source),
  );
}
