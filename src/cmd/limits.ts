/**
 * What questions of others may take of a server's work and memory. The rest is in
 * `src/serve/limits.ts`; docs/limits.md has all of it.
 *
 * @module
 */

/** Questions about the whole host. */
export const QUESTION_LIMITS = {
  /** Bytes of the command lines of all processes together. */
  commandLines: 8 << 20,
  /** Bytes of command lines of the members in one answer, and members that are read at once. */
  memberLines: 2 << 20,
  membersAtOnce: 100,
  /** Ancestors out of the history that are followed; each takes some 500 bytes. */
  ancestors: 8192,
  /** Others have their turn after so long. */
  turnMs: 5,
} as const;
