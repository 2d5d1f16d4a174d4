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

/** Where a history would be. */
export interface NoHistoryPlace {
  readonly path: string;
  /** Root seems to keep one, which this user may not see. */
  readonly isOfRoot: boolean;
}

/** The error of a question that only a history can answer. */
export function noHistory({ path, isOfRoot }: NoHistoryPlace): CommandError {
  if (isOfRoot) {
    const what = "No history that you may read: root keeps one";
    return new CommandError(EXIT.notFound, `${what}; ask it by sudo fh, or name one by --db`);
  }
  const what = `No history: there is no ${path}`;
  return new CommandError(EXIT.notFound, `${what}; run fh record to have one, or name one by --db`);
}
