/**
 * What waits to be written beside the lives, and what becomes of it when that is too much.
 *
 * @module
 */
import type { Image } from "../model/image.ts";
import type { Process } from "../model/process.ts";

/** Gaps that wait; what comes beyond widens the last. */
const GAPS_MAX = 1000;

/** An image that another replaced. */
export interface FormerImage {
  readonly process: Process;
  /** When it came by an exec that was seen; null when it did not. */
  readonly since: number | null;
  readonly until: number;
  /** Null: it found no room. */
  readonly image: Image | null;
  readonly uid: number | null;
}

/** What is missing, in a stretch of time. */
export interface Gap {
  readonly since: number;
  readonly until: number;
  readonly lost: number | null;
  readonly reason: string;
}

/** Ended lives that never got a row, for want of room. */
export interface Unwritten {
  /** When writing began to fail, nanoseconds since boot. */
  readonly since: number;
  readonly lost: number;
}

/** Adds a gap; where there are too many, the last one of its reason becomes wider. */
export function addGap(gaps: Gap[], gap: Gap): void {
  const index = gaps.length < GAPS_MAX ? -1 : gaps.findLastIndex(({ lost, reason }) => {
    return reason === gap.reason && lost !== null && gap.lost !== null;
  });
  const last = gaps[index];
  if (last === undefined) gaps.push(gap);
  else gaps[index] = { ...last, until: gap.until, lost: last.lost! + gap.lost! };
}

/** That there was something, of each process once. */
export function withoutImages(former: readonly FormerImage[]): FormerImage[] {
  const holes = new Map<Process, FormerImage>();
  for (const { process, since, until, uid } of former) {
    const first = holes.get(process);
    holes.set(process, { process, since: first ? first.since : since, until, image: null, uid });
  }
  return [...holes.values()];
}
