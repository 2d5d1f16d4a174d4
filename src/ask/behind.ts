/**
 * A recorder that lives, and has not written what happened lately: it is stopped, has no room, or
 * has more to do than it can.
 *
 * @module
 */
import { localTime } from "../host/local_time.ts";
import { durationWords } from "../text/words.ts";
import type { Notes } from "./notes.ts";
import type { Behind } from "./store.ts";

/** `the recorder is 54s behind: what happened after 01:12:50 is not known yet`. */
export function behindWords({ boot, until, lag }: Behind): string {
  const since = localTime(boot.moment(until));
  return `the recorder is ${durationWords(lag)} behind: what happened after ${since} is not ` +
    "known yet";
}

/** Notes it, where it is so. */
export function noteBehind(notes: Notes, behind: Behind | null): void {
  if (behind !== null) notes.add("behind", behindWords(behind));
}
