/**
 * What those may take who can reach the page: with a token or without.
 *
 * @module
 */

/** Limits of the gateway; docs/limits.md says what is beyond them. */
export const WEB_LIMITS = {
  /** Connections at a time. */
  connections: 256,
  /** Bytes of the head of a request. */
  head: 8192,
  /** Bytes of its body. */
  body: 65_536,
  /** How long the head of a request may take, and all of it, milliseconds. */
  headMs: 5000,
  requestMs: 10_000,
  /** A connection that asks nothing is kept so long, milliseconds. */
  idleMs: 30_000,
  /** Pages that are told what happens, at a time. */
  streams: 64,
  /** Questions that are asked of the recorder at a time; others wait. */
  questions: 16,
  /** Questions that wait. */
  waiting: 256,
  /** Bytes of events that a page has not taken; the recorder keeps what is beyond, or a gap. */
  untaken: 256 << 10,
  /** So long what is called off may take to end where it is done, milliseconds. */
  leaveMs: 3000,
  /** Refusals that are told on standard error in a minute; all are counted. */
  told: 60,
} as const;
