/**
 * What is wrong with a history file, as people and scripts are told.
 *
 * @module
 */
import { CommandError, EXIT } from "../../fault.ts";
import { HistoryError } from "../../history/history_error.ts";

/** An error of a history file as the command's. */
export function historyFailure(cause: HistoryError): CommandError {
  const status = cause.trouble === "missing" ? EXIT.notFound : EXIT.failed;
  const what = `Cannot use the history: ${cause.message}; ${cause.advice}`;
  const error = new CommandError(status, what);
  error.stack = cause.stack ?? "";
  return error;
}

/** An error as the command's, where it is one of a history file; null where it is another. */
export function faultOf(error: unknown): CommandError | null {
  if (error instanceof CommandError) return error;
  return error instanceof HistoryError ? historyFailure(error) : null;
}
