/**
 * The question of `record --status`: what the recorder does, from what it has written.
 *
 * @module
 */
import { statSync } from "node:fs";
import type { BootSpan } from "../model/bounds.ts";
import type { ProcReader } from "../proc/procfs.ts";
import { addMissing } from "./missing.ts";
import type { Notes } from "./notes.ts";
import { recorderLives } from "./recorder_lives.ts";
import type { Missing, PastRun, PastStore } from "./store.ts";

/** What a recorder has written. */
export interface StatusAnswer {
  /** Path of the file. */
  readonly db: string;
  /** Whether the recorder of the last run is there. */
  readonly recording: boolean;
  /** Null where nothing was recorded yet. */
  readonly run: PastRun | null;
  /** How far that recorder is behind, nanoseconds; null where it is not at work. */
  readonly lag: number | null;
  /** Processes, and those that have not ended. */
  readonly lives: number;
  readonly running: number;
  /** Bytes of the file and its companions. */
  readonly size: number;
  /** Milliseconds since the Unix epoch; null where nothing is kept. */
  readonly oldest: number | null;
  /** What is missing of the run. */
  readonly missing: readonly Missing[];
}

/** Answers out of a history. */
export async function askStatus(
  store: PastStore,
  reader: ProcReader,
  notes: Notes,
): Promise<StatusAnswer> {
  const { place } = store;
  const run = await store.lastRun();
  const { lives, running } = await store.count();
  const missing = await store.missing(run === null ? [] : [spanOf(run)]);
  addMissing(notes, missing);
  const recording = run !== null && recorderLives(run, reader);
  return {
    db: place,
    recording,
    run,
    lag: recording ? store.behind?.lag ?? 0 : null,
    lives,
    running,
    size: ["", "-wal", "-shm"].reduce((sum, suffix) => sum + sizeOf(place + suffix), 0),
    oldest: store.bounds.range()?.since ?? null,
    missing,
  };
}

/** What was before it began is no matter of this run. */
function spanOf({ boot, since }: PastRun): BootSpan {
  return { boot, since: since + 1, until: Number.MAX_SAFE_INTEGER };
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
