/**
 * Waits until a recorder has written what happened before a question was put.
 *
 * This program is its own proof: whatever was before it began was told before its beginning was.
 *
 * @module
 */
import process from "node:process";
import type { History } from "../../history/history.ts";
import { TICK_NS } from "../../model/process.ts";
import { openProcfs, type ProcReader } from "../../proc/procfs.ts";
import { parseStat } from "../../proc/stat.ts";
import { type Breath, pause } from "../../steps.ts";
import { recorderLives } from "../recorder_lives.ts";
import type { Behind, PastRun } from "../store.ts";

/** A recorder writes half a second after something has happened, and at once when it is asked. */
const WAIT_MS = 600;
const LOOK_MS = 20;

/** Who can be waited for, and how. */
export interface CatchUp {
  /** Where procfs is mounted. */
  readonly procRoot: string;
  readonly breath: Breath;
  /** The wall clock, milliseconds since the Unix epoch. */
  now(): number;
  /** Has the recorder write what it knows; a failure is as good as no answer. */
  hurry?(): Promise<unknown>;
}

/**
 * The history, opened again where more was written meanwhile, with what it has known to reach up
 * to now; or how far behind its recorder is. Where none is at work it is as it was.
 */
export async function catchUp(
  history: History,
  reopen: () => History,
  { procRoot, breath, now, hurry }: CatchUp,
): Promise<{ readonly history: History; readonly behind: Behind | null }> {
  const reader = openProcfs(procRoot);
  const run = history.lastRun();
  if (run === null || !recorderLives(run, reader)) return { history, behind: null };
  const began = beginning(reader);
  let latest: PastRun = run;
  void hurry?.().catch(() => {});
  for (const end = performance.now() + WAIT_MS; latest.seen < began && performance.now() < end;) {
    await pause(LOOK_MS);
    await breath.take();
    latest = history.lastRun() ?? latest;
  }
  let current = history;
  if (latest.seen > run.seen) {
    history.close();
    current = reopen();
  }
  if (latest.seen >= began) {
    current.reach(now());
    return { history: current, behind: null };
  }
  const lag = Math.max(0, now() - latest.boot.moment(latest.seen)) * 1e6;
  return { history: current, behind: { boot: latest.boot, until: latest.seen, lag } };
}

/** When this process began, nanoseconds since boot; 0 where that cannot be read. */
function beginning(reader: ProcReader): number {
  const bytes = reader.read(process.pid, "stat");
  return ((bytes === null ? null : parseStat(bytes))?.startTicks ?? 0) * TICK_NS;
}
