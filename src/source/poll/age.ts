/**
 * Whether what is found under a pid is new, or was there before a time.
 *
 * @module
 */
import type { PresenceReader } from "../scan.ts";
import { isBefore, type Known } from "./known.ts";
import type { Found } from "./tally.ts";

/** A process that the first look found may have been forked during it. */
export function countOnce(known: Known, since: number): Found {
  const isOld = known.counted || (known.startTicks !== null && isBefore(known.startTicks, since));
  known.counted = true;
  return isOld ? "old" : "new";
}

/** A thread, which may be gone by now, of those that were found after `since`. */
export function ageOfThread(reader: PresenceReader, tid: number, since: number): Found {
  return reader.readStat(tid) && isBefore(reader.stat.startTicks, since) ? "old" : "new";
}

/** Whether a known process still has its pid; so if that cannot be read now. */
export function isStill(reader: PresenceReader, known: Known): boolean {
  if (known.startTicks === null) return known.endedAt === null;
  reader.short = false;
  if (!reader.readStat(known.pid)) return reader.short;
  return reader.stat.startTicks === known.startTicks;
}
