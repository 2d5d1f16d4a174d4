/**
 * What clients may take of the socket's server. Where a line has `total`, src/model/shares.ts says
 * what one user gets of it: `reserve` is root's, `most` the most that one user has, if less than a
 * half. What questions and jobs may take stands in src/ask/limits.ts, src/jobs/ and src/model/;
 * docs/limits.md has all of them.
 *
 * @module
 */

const MiB = 1 << 20;

/** Connections, and what the socket thread holds for them. */
export const SOCKET_LIMITS = {
  connections: { total: 512, reserve: 64 },
  /** Bytes that the kernel holds for a client which does not read: it doubles what is asked for. */
  kernelBytes: 32 << 10,
  /** Bytes of requests that have come and are not answered, unfinished lines included. */
  requests: { total: 8 * MiB, reserve: 2 * MiB },
  /** Bytes of answers and events that clients have not taken. */
  unread: { total: 48 * MiB, reserve: 16 * MiB },
  /** Bytes of events that wait for one client. */
  events: 8 * MiB,
  /** Requests of one client that are not answered yet; then it is not read from. */
  unanswered: 64,
  /** Characters of those requests, beyond which no further one is taken. */
  unansweredText: 128 << 10,
  /** Bytes of answers that wait for one client, beyond which no further request is taken. */
  answers: 64 << 10,
  /** Bytes that wait for a client which is ready for more. */
  ready: 256 << 10,
  /** What a piece of answers or events takes beside its bytes. */
  pieceBytes: 512,
} as const;

/** Registered applications. */
export const REGISTRATION_LIMITS = {
  slots: { total: 1024, reserve: 256, most: 64 },
  /** Signals, of 8 bytes, that wait because a receiver's queue is full. */
  waiting: { total: 3 << 20, reserve: (3 << 20) / 4, most: 1 << 20 },
  /** Milliseconds for which a receiver is believed to run as the same user still. */
  ownMs: 25,
} as const;

/** Requests and subscriptions. */
export const SERVER_LIMITS = {
  /** Requests that may take for ever: who waits for a job, or for a process to be seen. */
  slow: { total: 2048, reserve: 512, most: 256 },
  /** Bytes of an answer, for who is privileged and for others. */
  answer: { privileged: 16 * MiB, others: 4 * MiB },
  /** Bytes of images that events in memory keep alive. */
  recentImages: 16 * MiB,
  /** Bytes of events that the sending thread has not taken yet. */
  untaken: { total: 16 * MiB, reserve: 4 * MiB },
} as const;

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
  /** Characters of a text that are looked at, for who is not privileged and for who is. */
  text: 4096,
  trustedText: 64 << 10,
} as const;

/** Rules in all, those for root alone, and those of one owner. */
export const RULE_LIMITS = { total: 512, reserve: 128, most: 64 } as const;

/** How a total is shared out. */
export interface ShareLimits {
  readonly total: number;
  readonly reserve: number;
  readonly most?: number;
}
