/**
 * The question of `record --status`: what the recorder does, from what it has written.
 *
 * @module
 */
import { statSync } from "node:fs";
import { type BootSpan, History, type PastRun } from "../history/history.ts";
import { HistoryError } from "../history/history_error.ts";
import { type Missing, missingIn } from "../history/missing.ts";
import { openProcfs } from "../proc/procfs.ts";
import { historyFailure } from "./history_failure.ts";
import { addMissing } from "./missing.ts";
import type { Notes } from "./notes.ts";
import { recorderLives } from "./open.ts";

/** What a recorder has written. */
export interface StatusAnswer {
  /** Path of the file. */
  readonly db: string;
  /** Whether the recorder of the last run is there. */
  readonly recording: boolean;
  /** Null where nothing was recorded yet. */
  readonly run: PastRun | null;
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

/** Answers out of a file; throws CommandError where it cannot be used. */
export function askStatus(path: string, procRoot: string, notes: Notes): StatusAnswer {
  let history: History;
  try {
    history = new History(path);
  } catch (error) {
    throw error instanceof HistoryError ? historyFailure(error) : error;
  }
  try {
    const run = history.lastRun();
    const { lives, running } = history.count();
    const missing = missingIn(history, run === null ? [] : [spanOf(run)]);
    addMissing(notes, missing);
    return {
      db: path,
      recording: run !== null && recorderLives(run, openProcfs(procRoot)),
      run,
      lives,
      running,
      size: ["", "-wal", "-shm"].reduce((sum, suffix) => sum + sizeOf(path + suffix), 0),
      oldest: history.range()?.since ?? null,
      missing,
    };
  } finally {
    history.close();
  }
}

/** What was before it began is no matter of this run. */
function spanOf({ boot, since }: PastRun): BootSpan {
  return { boot, since: since + 1, until: Number.MAX_SAFE_INTEGER };
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
