/**
 * Where a history is to be read on: after what was shipped, or from the beginning where the file is
 * another than the one that was shipped from.
 *
 * @module
 */
import type { Outgoing } from "../history/outgoing.ts";
import type { Cursor } from "./sink.ts";

/** Where to go on. */
export interface GoOn {
  /** Number of the life after which. */
  readonly after: number;
  /** Whether it is the file that was shipped from before. */
  readonly isSame: boolean;
}

/** Where to go on from a cursor; null: nothing was shipped. */
export function whereToGoOn(
  cursor: Cursor | null,
  source: Pick<Outgoing, "range" | "run" | "some">,
): GoOn {
  const range = source.range();
  if (cursor === null || range === null) return { after: 0, isSame: cursor === null };
  const isSame = isFileOf(cursor, range, source);
  return { after: isSame ? cursor.last : 0, isSame };
}

function isFileOf(
  cursor: Cursor,
  [first, last]: readonly [number, number],
  source: Pick<Outgoing, "run" | "some">,
): boolean {
  const [at] = source.some([cursor.last]);
  if (at !== undefined) {
    return at.bootId === cursor.boot_id && at.pid === cursor.pid && at.born === cursor.born;
  }
  // It is forgotten: with all before it, or alone, for its user had no more room.
  if (first > cursor.last) return true;
  const run = cursor.run === undefined ? null : source.run(cursor.run);
  return last > cursor.last && run !== null && run.since === cursor.run_since;
}
