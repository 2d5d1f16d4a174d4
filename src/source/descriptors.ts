/**
 * Descriptors of this process, by what they are for: others start as many processes as they like,
 * and connect as often, but something must be left to read /proc with.
 *
 * @module
 */
import { ERRNO } from "../../ffi/errno.ts";

/** Kept free, where the limit is not a very small one: files, sockets, the history, questions. */
const KEPT_FREE = 128;

/** Errors of calls that would need a descriptor, or memory, and find none: nobody is gone. */
const SHORTAGE: ReadonlySet<number> = new Set([ERRNO.EMFILE, ERRNO.ENFILE, ERRNO.ENOMEM]);

/** Whether a result is an error that says nothing but that there was no descriptor for it. */
export function isShortage(result: number): boolean {
  return result < 0 && SHORTAGE.has(-result);
}

/** How many processes may be held open, of a limit of descriptors: half of them, in turn. */
export function heldProcesses(limit: number, descriptorsOfEach: number): number {
  const most = (limit - Math.min(KEPT_FREE, limit / 2)) / 2;
  return Math.floor(most / descriptorsOfEach);
}
