/**
 * The errors of what is not there.
 *
 * @module
 */
import { CommandError, EXIT } from "../fault.ts";

/** The error of a process that is not there. */
export function noProcess(pid: number, why: string): CommandError {
  return new CommandError(EXIT.notFound, `No process ${pid}: ${why}`);
}

/** The error of a question that only a history can answer; `path` is where it would be. */
export function noHistory(path: string): CommandError {
  const what = `No history: there is no ${path}`;
  return new CommandError(EXIT.notFound, `${what}; run fh record to have one, or name one by --db`);
}
