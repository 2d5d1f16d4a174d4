/**
 * What an end or a gap is known by, whenever it is told.
 *
 * @module
 */
import type { Boot } from "../history/boots.ts";
import type { Change } from "../model/change.ts";

/** Unique on its host. */
export function idOf({ process, time, since, b }: Change, { shortId }: Boot): string {
  if (process !== null) return process.id;
  return `${shortId}-gap-${Math.round(since)}-${Math.round(time)}-${b}`;
}
