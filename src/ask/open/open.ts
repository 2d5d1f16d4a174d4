/**
 * Opening the history that a question is put to.
 *
 * @module
 */
import { History } from "../../history/history.ts";
import { HistoryError } from "../../history/history_error.ts";
import { historyToAsk } from "../../history/place.ts";
import { HistoryStore } from "../../history/store.ts";
import { endAtSecondSignal } from "../../host/last_signal.ts";
import { openProcfs } from "../../proc/procfs.ts";
import type { Breath } from "../../steps.ts";
import type { Notes } from "../notes.ts";
import { recorderLives } from "../recorder_lives.ts";
import type { PastStore } from "../store.ts";
import { historyFailure } from "./failure.ts";

/** Where histories and /proc are. */
export interface Places {
  /** Effective user id. */
  readonly euid: number;
  /** The wall clock, milliseconds since the Unix epoch. */
  now(): number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where procfs is mounted. */
  readonly procRoot: string;
}

/** How a history is asked. */
export interface OpenOptions {
  /** Long answers take breaths by it. */
  readonly breath: Breath;
  readonly notes: Notes;
  /**
   * What a recorder that is at work has not written did not happen; so if not given. False: its
   * file is read as it is.
   */
  readonly reach?: boolean;
}

/**
 * Opens the history to ask; null where there is none and none was named, or where nobody has named
 * the one that is there and it cannot be used, which is noted.
 *
 * @throws {CommandError} It cannot be used, or the one that was named is missing.
 */
export function openHistory(
  places: Places,
  db: string | undefined,
  { breath, notes, reach = true }: OpenOptions,
): PastStore | null {
  const { env, procRoot, now } = places;
  try {
    const history = new History(historyToAsk(places, db), now);
    const run = reach ? history.lastRun() : null;
    if (run !== null && recorderLives(run, openProcfs(procRoot))) history.reach(now());
    return new HistoryStore(history, breath);
  } catch (error) {
    if (!(error instanceof HistoryError)) throw error;
    // What nobody has asked for by name may be another's, or damaged: /proc answers then.
    const named = db !== undefined || env["FH_DB"] !== undefined;
    if (named && (error.trouble !== "missing" || db !== undefined)) throw historyFailure(error);
    if (error.trouble !== "missing") notes.add("no_history", historyFailure(error).message);
    return null;
  }
}

/**
 * {@linkcode openHistory} for a command that does nothing else than to ask: a second signal ends it
 * at once, because one step of SQLite may take for ever in a file that somebody else has made.
 */
export async function askHistory(
  places: Places,
  db: string | undefined,
  options: OpenOptions,
): Promise<PastStore | null> {
  if (db !== undefined) await endAtSecondSignal();
  return openHistory(places, db, options);
}

/**
 * Opens a history of which nothing else is asked than what is in it.
 *
 * @throws {CommandError} It is missing, or cannot be used.
 */
export function openFile(path: string, breath: Breath): PastStore {
  try {
    return new HistoryStore(new History(path), breath);
  } catch (error) {
    throw error instanceof HistoryError ? historyFailure(error) : error;
  }
}
