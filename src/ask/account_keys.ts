/**
 * What costs are summed by.
 *
 * @module
 */

/** Each makes a row of what has one value of it. */
export const ACCOUNT_KEYS = [
  "command",
  "parent",
  "user",
  "unit",
  "container",
  "exit",
  "job",
  "job-name",
] as const;

/** One of them. */
export type AccountKey = typeof ACCOUNT_KEYS[number];
