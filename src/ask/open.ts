/**
 * Opening the history that a question is put to.
 *
 * @module
 */
import { historyFailure } from "./history_failure.ts";
import { History, type PastRun } from "../history/history.ts";
import { HistoryError } from "../history/history_error.ts";
import { historyToAsk } from "../history/place.ts";
import { endAtSecondSignal } from "../host/last_signal.ts";
import { TICK_NS } from "../model/process.ts";
import { readBootId } from "../proc/boot_id.ts";
import { openProcfs, type ProcReader } from "../proc/procfs.ts";
import { parseStat } from "../proc/stat.ts";
import type { Notes } from "./notes.ts";

/** Where histories and /proc are. */
export interface Places {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where procfs is mounted. */
  readonly procRoot: string;
}

/**
 * Opens the history to ask; null where there is none and none was named, or where nobody has named
 * the one that is there and it cannot be used, which is noted. What a recorder that is at work has
 * not written did not happen, unless `reach` is false.
 *
 * @throws {CommandError} It cannot be used, or the one that was named is missing.
 */
export function openHistory(
  places: Places,
  db: string | undefined,
  notes: Notes,
  reach = true,
): History | null {
  const path = historyToAsk(places.env, db);
  try {
    const history = new History(path);
    const run = history.lastRun();
    if (reach && run !== null && recorderLives(run, openProcfs(places.procRoot))) {
      history.reach(Date.now());
    }
    return history;
  } catch (error) {
    if (!(error instanceof HistoryError)) throw error;
    // What nobody has asked for by name may be another's, or damaged: /proc answers then.
    const named = db !== undefined || places.env["FH_DB"] !== undefined;
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
  notes: Notes,
  reach = true,
): Promise<History | null> {
  if (db !== undefined) await endAtSecondSignal();
  return openHistory(places, db, notes, reach);
}

/** Whether the recorder of a run is there: the process with its pid began before the run did. */
export function recorderLives(run: PastRun, reader: ProcReader): boolean {
  if (run.ended !== null || readBootId(reader) !== run.boot.bootId) return false;
  const bytes = reader.read(run.pid, "stat");
  const stat = bytes === null ? null : parseStat(bytes);
  return stat !== null && stat.startTicks * TICK_NS <= run.since;
}
