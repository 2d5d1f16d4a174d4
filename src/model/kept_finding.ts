/**
 * What was found to be wrong, as it is kept: plain, for `detect` knows what it means.
 *
 * @module
 */
import type { Process } from "./process.ts";

/** A finding as it was at last. */
export interface KeptFinding<Who extends Process = Process> {
  readonly kind: string;
  /** The same for the same trouble. */
  readonly key: string;
  /** Nanoseconds since boot. */
  readonly since: number;
  readonly until: number;
  readonly isOver: boolean;
  readonly count: number;
  /** The latest that it is about. */
  readonly process: Who;
  /** Who starts it again, does not wait, or has started the storm. */
  readonly by: Who | null;
  /** What else is known, by names of JSON. */
  readonly facts: Readonly<Record<string, number | string>>;
}
