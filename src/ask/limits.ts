/**
 * What an answer may take of work and memory: others ask a server. docs/limits.md has all limits.
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

/** Images whose answer is remembered by each test of a filter. */
export const IMAGES_REMEMBERED = 512;
