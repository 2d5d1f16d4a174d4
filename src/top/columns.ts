/**
 * What the rows of `fh top` are by, and what they are sorted by.
 *
 * @module
 */

/** Each makes a row of what has one value of it; a subtree is a process with all below it. */
export const TOP_KEYS = ["subtree", "command", "user", "unit", "container", "job"] as const;

/** One of them. */
export type TopKey = typeof TOP_KEYS[number];

/** The columns, as they stand from left to right. */
export const TOP_COLUMNS = [
  "cpu",
  "memory",
  "living",
  "started",
  "failed",
  "short",
  "name",
] as const;

/** One of them. */
export type TopColumn = typeof TOP_COLUMNS[number];
