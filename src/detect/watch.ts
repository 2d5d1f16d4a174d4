/**
 * What looks for one sort of trouble in all that happens.
 *
 * @module
 */
import type { Change } from "../model/machine.ts";

/** Told of changes in their order, and of time. */
export interface Watch {
  /** Of which kind of changes. */
  readonly told: "fork" | "exec" | "exit";
  /** One change; the object is reused. */
  note(change: Change): void;
  /** About each second of the time of the changes: nanoseconds since boot. */
  turn(now: number): void;
}
