/**
 * Lives that ended within a stretch of time, as rows to be added up.
 *
 * @module
 */
import type { DatabaseSync } from "node:sqlite";
import type { BootSpan } from "../model/bounds.ts";
import { LIFE_COST_COLUMNS } from "./cost.ts";
import { type Column, column, nullable, TypedRows } from "./typed.ts";

/** A life that has ended; its costs in the order of LIFE_COST_COLUMNS. */
export type EndedRow = readonly [
  image: number,
  flags: number,
  span: number,
  status: number | null,
  ...costs: (number | null)[],
];

/** What has ended within a stretch: numbered parameters boot, since, until. */
export const ENDED = "boot = ?1 AND born + span >= ?2 AND born + span < ?3 AND span IS NOT NULL";

const FACTS: readonly Column[] = [
  column("life.image", "key"),
  column("life.flags", "bits"),
  column("life.span", "time"),
  nullable("life.status", "bits"),
];
/** An older file has no accounts. */
const NO_COSTS: readonly Column[] = [nullable("NULL", "count")];

/** What is read of lives that have ended. */
export interface EndedChoice {
  /** Whether the file has accounts: from version 2 on. */
  readonly hasCosts: boolean;
  /** Columns behind the costs. */
  readonly more?: readonly Column[];
  /** Those alone that ended badly. */
  readonly failed?: boolean;
  /** So many at the most, as a fourth parameter; -1 for all. */
  readonly limited?: boolean;
}

/** Asks for them by the number of a boot, since and until (ns since boot). */
export function endedRows(db: DatabaseSync, choice: EndedChoice): TypedRows<EndedRow> {
  const { hasCosts, more = [], failed = false, limited = false } = choice;
  const columns = [...FACTS, ...costsOf(hasCosts), ...more];
  const rest = `${failed ? " AND status <> 0" : ""}${limited ? " LIMIT ?4" : ""}`;
  return new TypedRows(db, columns, `FROM life WHERE ${ENDED}${rest}`);
}

/** How many have ended within stretches. */
export function countEnded(db: DatabaseSync, spans: readonly BootSpan[]): number {
  const count = new TypedRows<readonly [number]>(
    db,
    [column("count(*)", "count")],
    `FROM life WHERE ${ENDED}`,
  );
  return spans.reduce((sum, { boot, since, until }) => {
    return sum + count.get(boot.id, since, until)![0];
  }, 0);
}

/** Where in a row the columns behind the costs begin. */
export function afterCosts(hasCosts: boolean): number {
  return FACTS.length + costsOf(hasCosts).length;
}

function costsOf(hasCosts: boolean): readonly Column[] {
  return hasCosts ? LIFE_COST_COLUMNS : NO_COSTS;
}
