/**
 * What others may take of a server's work and memory: patterns and rules. Those
 * of the socket itself are in `src/serve/limits.ts`; docs/limits.md has all of them.
 *
 * @module
 */

/** Patterns of one filter: globs and regular expressions. */
export const PATTERN_LIMITS = {
  /** Characters of one. */
  textLength: 1024,
  /** How many there are of a kind, such as `comm`. */
  perKind: 64,
  /** Copies that the counted repeats of one make. */
  count: 200,
  /** What they are expanded to, all kinds together: looked at before anything is compiled. */
  expanded: 32_768,
  /** Instructions of RE2 that they become, all kinds together. */
  instructions: 2000,
  /** Memory of one instruction, and of the states that one kind's automaton keeps. */
  instructionBytes: 256,
  automatonBytes: 64 << 10,
  /** Characters of a text that are looked at, for ordinary users and for the privileged. */
  text: 4096,
  trustedText: 64 << 10,
} as const;

/** Rules in all, those for root alone, and those of one owner. */
export const RULE_LIMITS = { total: 512, reserve: 128, most: 64 } as const;
