/**
 * Which processes of a store are wanted, as people say it: a filter, and whose descendants.
 *
 * @module
 */
import type { PastLineage } from "../model/lineage.ts";
import type { Asking } from "./asking.ts";
import { createFilter, type Filter, type FilterOptions } from "./filter.ts";
import { findRoots } from "./roots.ts";
import { parseAsked } from "./text/target.ts";

/** A filter, and what a store can look for by an index. */
export interface Wanted {
  readonly filter: Filter;
  /** What is told of descent as changes come by; null where nobody asks for it. */
  readonly lineage: PastLineage | null;
  /** pids of those whose descendants are wanted. */
  readonly pids: readonly number[] | null;
}

/**
 * The filter of options; `pid` names processes as people do. Throws CommandError where one of these
 * is not there.
 */
export async function wantedOf(
  asking: Asking,
  pid: readonly string[] | undefined,
  options: FilterOptions,
): Promise<Wanted> {
  const { users, store, now } = asking;
  if (pid === undefined) return { filter: createFilter(options, users), lineage: null, pids: null };
  const asked = pid.map((text) => parseAsked(text, now(), store.bounds));
  const { lineage, pids } = await findRoots(asking, asked);
  return { filter: createFilter({ ...options, pid: pids }, users, () => lineage), lineage, pids };
}
