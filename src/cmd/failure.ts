/**
 * Errors as people see them: one line, and with `--verbose` where they come from.
 *
 * @module
 */
import { historyFailure } from "../ask/open/failure.ts";
import { CommandError, EXIT, Stopped, UsageError } from "../fault.ts";
import { HistoryError } from "../history/history_error.ts";
import { escapeText } from "../text/escape.ts";

/** Exit status and text of an error; the text ends its lines and is safe on a terminal. */
export function failure(cause: unknown, verbose: boolean): { status: number; text: string } {
  if (cause instanceof Stopped && cause.message === "") return { status: cause.status, text: "" };
  const error = cause instanceof HistoryError ? historyFailure(cause) : cause;
  const status = error instanceof CommandError ? error.status : EXIT.failed;
  const message = error instanceof Error ? error.message || error.name : String(error);
  const more = error instanceof CommandError ? error.lines : [];
  const line = [`fh: ${message}`, ...more].map((text) => `${escapeText(text)}\n`).join("");
  if (!verbose || error instanceof UsageError) return { status, text: line };
  return { status, text: line + stackOf(error) };
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error) || error.stack === undefined) return "";
  const frames = error.stack.split("\n").filter((line) => /^\s+at /.test(line));
  const cause = error.cause === undefined ? "" : `  caused by ${escapeText(String(error.cause))}\n`;
  return frames.map((frame) => `${escapeText(frame)}\n`).join("") + cause;
}
