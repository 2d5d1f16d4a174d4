/**
 * Opening the history that a question is put to.
 *
 * @module
 */
import { History, type PastRun } from "../history/history.ts";
import { HistoryError } from "../history/history_error.ts";
import { TICK_NS } from "../model/process.ts";
import { readBootId } from "../proc/boot_id.ts";
import { openProcfs, type ProcReader } from "../proc/procfs.ts";
import { parseStat } from "../proc/stat.ts";
import { CommandError, type Context, EXIT } from "./command.ts";
import { historyToAsk } from "./history_place.ts";

/**
 * Opens the history to ask; null where there is none and none was named. What a recorder that is at
 * work has not written did not happen, unless `reach` is false.
 *
 * @throws {CommandError} It cannot be used, or the one that was named is missing.
 */
export function openHistory(
  context: Context,
  db: string | undefined,
  reach = true,
): History | null {
  const path = historyToAsk(context.env, db);
  try {
    const history = new History(path);
    const run = history.lastRun();
    if (reach && run !== null && recorderLives(run, openProcfs(context.procRoot))) {
      history.reach(Date.now());
    }
    return history;
  } catch (error) {
    if (!(error instanceof HistoryError)) throw error;
    // What nobody has asked for by name may be another's, or damaged: /proc answers then.
    const named = db !== undefined || context.env["FH_DB"] !== undefined;
    if (named && (error.trouble !== "missing" || db !== undefined)) throw historyFailure(error);
    if (error.trouble !== "missing") context.stderr.write(`fh: ${historyFailure(error).message}\n`);
    return null;
  }
}

/** An error of a history file as the command's. */
export function historyFailure(error: HistoryError): CommandError {
  const status = error.trouble === "missing" ? EXIT.notFound : EXIT.failed;
  return new CommandError(status, `Cannot use the history: ${error.message}; ${error.advice}`);
}

/** Whether the recorder of a run is there: the process with its pid began before the run did. */
export function recorderLives(run: PastRun, reader: ProcReader): boolean {
  if (run.ended !== null || readBootId(reader) !== run.boot.bootId) return false;
  const bytes = reader.read(run.pid, "stat");
  const stat = bytes === null ? null : parseStat(bytes);
  return stat !== null && stat.startTicks * TICK_NS <= run.since;
}
