/**
 * Which processes of a store are wanted, as people say it: a filter, and whose descendants.
 *
 * @module
 */
import type { PastLineage } from "../model/lineage.ts";
import type { Asking } from "./asking.ts";
import { createFilter, type Filter, type FilterOptions } from "./filter.ts";
import { findRoots, type Roots } from "./roots.ts";
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
 * The filter of options, without what asks by fh; `pid` names processes as people do, in place of
 * `roots`. Throws CommandError where one of these is not there.
 */
export async function wantedOf(
  asking: Asking,
  pid: readonly string[] | undefined,
  options: FilterOptions,
  roots: Roots | null = null,
): Promise<Wanted> {
  const { users, store, now } = asking;
  const asked = pid?.map((text) => parseAsked(text, now(), store.bounds));
  const found = asked === undefined ? roots : await findRoots(asking, asked);
  const { lineage = null, pids = null } = found ?? {};
  const given = pids === null ? options : { ...options, pid: pids };
  const filter = createFilter(given, users, () => lineage!, false);
  return { filter, lineage, pids };
}
