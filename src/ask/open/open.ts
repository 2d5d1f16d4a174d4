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
import { noteBehind } from "../behind.ts";
import type { Notes } from "../notes.ts";
import { recorderLives } from "../recorder_lives.ts";
import type { PastStore } from "../store.ts";
import { catchUp } from "./catch_up.ts";
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
  /** Has a recorder that is at work write what it knows. */
  readonly hurry?: () => Promise<unknown>;
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
  try {
    const history = new History(historyToAsk(places, db), places.now);
    try {
      const run = reach ? history.lastRun() : null;
      if (run !== null && recorderLives(run, openProcfs(places.procRoot))) {
        history.reach(places.now());
      }
    } catch (error) {
      history.close();
      throw error;
    }
    return new HistoryStore(history, breath);
  } catch (error) {
    return none(places, db, notes, error);
  }
}

/**
 * {@linkcode openHistory} for a command that does nothing else than to ask: a second signal ends it
 * at once, because one step of SQLite may take for ever in a file that somebody else has made. It
 * waits a moment for a recorder that is at work, and notes where that is behind all the same.
 */
export async function askHistory(
  places: Places,
  db: string | undefined,
  options: OpenOptions,
): Promise<PastStore | null> {
  if (db !== undefined) await endAtSecondSignal();
  const { breath, notes, reach = true } = options;
  const path = historyToAsk(places, db);
  try {
    const history = new History(path, places.now);
    if (!reach) return new HistoryStore(history, breath);
    const store = await caughtUp(history, path, places, options);
    noteBehind(notes, store.behind);
    return store;
  } catch (error) {
    return none(places, db, notes, error);
  }
}

/**
 * Opens a history by its path, as {@linkcode askHistory} does.
 *
 * @throws {CommandError} It is missing, or cannot be used.
 */
export async function askFile(
  places: Places,
  path: string,
  options: OpenOptions,
): Promise<PastStore> {
  try {
    const store = await caughtUp(new History(path, places.now), path, places, options);
    noteBehind(options.notes, store.behind);
    return store;
  } catch (error) {
    throw error instanceof HistoryError ? historyFailure(error) : error;
  }
}

async function caughtUp(
  opened: History,
  path: string,
  { procRoot, now }: Places,
  { breath, hurry }: OpenOptions,
): Promise<PastStore> {
  const reopen = () => new History(path, now);
  const asked = { procRoot, now, breath, ...hurry === undefined ? {} : { hurry } };
  const { history, behind } = await catchUp(opened, reopen, asked);
  return new HistoryStore(history, breath, behind);
}

/** Null for what nobody has asked for by name: it may be another's, or damaged; else throws. */
function none({ env }: Places, db: string | undefined, notes: Notes, error: unknown): null {
  if (!(error instanceof HistoryError)) throw error;
  const named = db !== undefined || env["FH_DB"] !== undefined;
  if (named && (error.trouble !== "missing" || db !== undefined)) throw historyFailure(error);
  // /proc answers then.
  if (error.trouble !== "missing") notes.add("no_history", historyFailure(error).message);
  return null;
}
