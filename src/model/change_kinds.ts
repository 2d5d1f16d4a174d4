/**
 * Names of changes; apart from what tells them, which a command line does not need.
 *
 * @module
 */

/** What changes tell; the names are those of the NDJSON field `event`. */
export const CHANGE_KINDS = [
  "gap",
  "snapshot",
  "fork",
  "exec",
  "exit",
  "comm",
  "uid",
  "gid",
  "sid",
  "ptrace",
  "coredump",
] as const;

/** One of {@linkcode CHANGE_KINDS}. */
export type ChangeKind = typeof CHANGE_KINDS[number];
