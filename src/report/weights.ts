/**
 * What stacks can weigh; apart from what weighs them, which a command line does not need.
 *
 * @module
 */

/**
 * What a process weighs. Of `wall` it is the time in which it lived and none of those that it has
 * started did: what builds one after another adds up to the time that it took.
 */
export const WEIGHTS = ["wall", "cpu", "count", "failures"] as const;

/** One of {@linkcode WEIGHTS}. */
export type Weight = typeof WEIGHTS[number];
