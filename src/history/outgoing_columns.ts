/**
 * Columns of runs and findings, by the names that they have for who keeps them elsewhere.
 *
 * @module
 */
import { NTH_SHIFT } from "./schema.ts";
import { type Column, column, nullable } from "./typed.ts";

/** Of a run of a recorder. */
export const RUN: readonly (readonly [string, Column])[] = [
  ["pid", column("pid", "pid")],
  ["since", column("since", "time")],
  ["kept", column("kept", "time")],
  ["seen", column("seen", "time")],
  ["ended", nullable("ended", "time")],
  ["source", column("source", "name")],
  ["why", column("why", "name")],
  ["version", column("version", "name")],
  ["events", column("events", "count")],
  ["lost", column("lost", "count")],
  ["accounts", nullable("accounts", "name")],
  ["findings", nullable("findings", "bits")],
];
/** In a file of a version that had none. */
export const NO_FINDINGS: Column = nullable("NULL", "bits");
/** Of a finding, `f`, with its lives, `l` and `b`. */
export const FINDING: readonly (readonly [string, Column])[] = [
  ["key_of_row", column("f.id", "key")],
  ["boot", column("f.boot", "key")],
  ["kind", column("f.kind", "name")],
  ["key", column("f.key", "name")],
  ["since", column("f.since", "time")],
  ["until", column("f.until", "time")],
  ["over", column("f.over", "bits")],
  ["count", column("f.count", "count")],
  ["pid", column("l.pid", "pid")],
  ["born", column("l.born", "time")],
  ["nth", column(`l.flags >> ${NTH_SHIFT}`, "bits")],
  ["by_pid", nullable("b.pid", "pid")],
  ["by_born", nullable("b.born", "time")],
  ["by_nth", nullable(`b.flags >> ${NTH_SHIFT}`, "bits")],
  ["uid", column("f.uid", "uid")],
  ["facts", column("f.facts", "name")],
];
