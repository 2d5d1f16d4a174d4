/**
 * What is missing of an answer, as JSON has it.
 *
 * @module
 */
import type { Missing } from "../ask/store.ts";
import { WallClock } from "../text/time.ts";

/** What is missing for one reason, as JSON has it; times in RFC 3339. */
export interface MissingJson {
  readonly reason: string;
  /** How many events; null when not known. */
  readonly lost: number | null;
  /** How many gaps. */
  readonly gaps: number;
  /** When the first begins, and when the last ends. */
  readonly since: string;
  readonly until: string;
}

/** For scripts. */
export function missingJson(missing: readonly Missing[]): MissingJson[] {
  const time = ({ boot, ns }: Missing["since"]) => new WallClock().utc(boot.epochAt(ns), ns);
  return missing.map(({ reason, lost, gaps, since, until }) => {
    return { reason, lost, gaps, since: time(since), until: time(until) };
  });
}
