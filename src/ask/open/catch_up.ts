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
  asked: CatchUp,
): Promise<{ readonly history: History; readonly behind: Behind | null }> {
  try {
    const { behind, isNewer } = await waitFor(history, asked);
    if (!isNewer) return { history, behind };
  } catch (error) {
    history.close();
    throw error;
  }
  history.close();
  const current = reopen();
  const { behind } = await waitFor(current, { ...asked, wait: false });
  return { history: current, behind };
}

/** Waits, and has the history reach up to now where it does; whether it was added to meanwhile. */
async function waitFor(
  history: History,
  { procRoot, breath, now, hurry, wait = true }: CatchUp & { readonly wait?: boolean },
): Promise<{ readonly behind: Behind | null; readonly isNewer: boolean }> {
  const reader = openProcfs(procRoot);
  const run = history.lastRun();
  if (run === null || !recorderLives(run, reader)) return { behind: null, isNewer: false };
  const self = { pid: process.pid, startTicks: beginning(reader) };
  let latest: PastRun = run;
  // Its own start is known to a tick: that this program is there says more.
  const isReached = () =>
    latest.seen >= (self.startTicks + 1) * TICK_NS || history.lifeNow(run.boot, self) !== null;
  if (wait && !isReached()) void hurry?.().catch(() => {});
  const end = performance.now() + (wait ? WAIT_MS : 0);
  while (!isReached() && performance.now() < end) {
    await pause(LOOK_MS);
    await breath.take();
    latest = history.lastRun() ?? latest;
  }
  const isNewer = latest.seen > run.seen;
  if (isReached()) {
    history.reach(now());
    return { behind: null, isNewer };
  }
  const lag = Math.max(0, now() - latest.boot.moment(latest.seen)) * 1e6;
  return { behind: { boot: latest.boot, until: latest.seen, lag }, isNewer };
}

/** When this process began, clock ticks since boot; 0 where that cannot be read. */
function beginning(reader: ProcReader): number {
  const bytes = reader.read(process.pid, "stat");
  return (bytes === null ? null : parseStat(bytes))?.startTicks ?? 0;
}
