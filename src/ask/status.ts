/**
 * The question of `record --status`: what the recorder does, from what it has written.
 *
 * @module
 */
import { statSync } from "node:fs";
import type { BootSpan } from "../model/bounds.ts";
import { GAP_REASON, GAP_WORDS } from "../model/event.ts";
import type { ProcReader } from "../proc/procfs.ts";
import { addMissing } from "./missing.ts";
import type { Notes } from "./notes.ts";
import { recorderLives } from "./recorder_lives.ts";
import type { Missing, PastRun, PastStore } from "./store.ts";

const PAUSE = GAP_WORDS[GAP_REASON.pause]!;
/** Less than that tells no pace: an empty file has a size, too. */
const PACE_MS = 600_000;

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
  /**
   * How far back the file will reach when it is full, milliseconds, if as much goes on to happen;
   * null where it has no limit, or has been written to for too short a time.
   */
  readonly reachMs: number | null;
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
  const size = ["", "-wal", "-shm"].reduce((sum, suffix) => sum + sizeOf(place + suffix), 0);
  const range = store.bounds.range();
  const recordedMs = await recordedFor(store);
  return {
    db: place,
    recording,
    run,
    lag: recording ? store.behind?.lag ?? 0 : null,
    lives,
    running,
    size,
    oldest: range?.since ?? null,
    reachMs: run === null ? null : reachOf(run, recordedMs, size),
    missing,
  };
}

/** How long it was recorded, milliseconds: without what nobody recorded. */
async function recordedFor(store: PastStore): Promise<number> {
  const spans = store.bounds.all();
  const all = spans.reduce((sum, { since, until }) => sum + until - since, 0);
  const pauses = (await store.missing(spans)).filter(({ reason }) => reason === PAUSE);
  return Math.round(pauses.reduce((left, { ns }) => left - ns, all) / 1e6);
}

/** At the pace of `ms` in which `size` bytes came together. */
function reachOf({ maxBytes, keepMs }: PastRun, ms: number, size: number): number | null {
  if (maxBytes === null || ms < PACE_MS) return null;
  return Math.min(ms * Math.max(1, maxBytes / size), keepMs ?? Infinity);
}

/** What was before it began is no matter of this run. */
function spanOf({ boot, since }: PastRun): BootSpan {
  return { boot, since: since + 1, until: Number.MAX_SAFE_INTEGER };
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
