/**
 * The heart of the model: what may become of a process, as one table.
 *
 * ARCHITECTURE.md draws it, and a test holds the drawing against the table.
 *
 * @module
 */

/** States of a pid's latest process. */
export type LifeState =
  /** Nothing known of it. */
  | "unknown"
  /** Alive. */
  | "running"
  /** Its leader has exited, other threads live on. */
  | "leaderless"
  /** Ended; kept for its descendants' sake. */
  | "exited"
  /** Its exit came before its fork did. */
  | "unborn";

/** What can happen to it. */
export type LifeInput =
  /** A fork that begins a new life of the pid. */
  | "fork"
  /** The fork of the very process that is known already. */
  | "own fork"
  | "clone"
  | "exec"
  | "thread exit"
  | "leader exit"
  | "last exit"
  | "change"
  | "present"
  /** A scan shows it, and that its leader has exited. */
  | "present leaderless"
  | "absent";

/** What the machine does on a step; each is one method of it. */
export type LifeEffect =
  /** Nothing: an echo of what is known already. */
  | "ignore"
  /** A process begins. */
  | "begin"
  /** The old process must have ended unseen; another begins. */
  | "replace"
  /** A process comes to light by something it does. */
  | "discover"
  /** One thread more. */
  | "grow"
  /** One thread less. */
  | "shrink"
  /** The program image is replaced. */
  | "exec"
  /** Name, credentials, session or tracer changed. */
  | "change"
  /** It is still there, as a rescan shows. */
  | "confirm"
  /** The whole process ended. */
  | "end"
  /** It ended, and nobody saw how. */
  | "vanish"
  /** Its own fork is told after something else of it was. */
  | "announce";

/** What each input does in one state. */
export type LifeRow = Readonly<Record<LifeInput, readonly [LifeState, LifeEffect]>>;

/** (state, input) to (state, effect). */
export const LIFECYCLE: Readonly<Record<LifeState, LifeRow>> = {
  "unknown": {
    "fork": ["running", "begin"],
    "own fork": ["running", "begin"],
    "clone": ["running", "discover"],
    "exec": ["running", "discover"],
    "thread exit": ["running", "discover"],
    "leader exit": ["leaderless", "discover"],
    "last exit": ["unborn", "discover"],
    "change": ["running", "discover"],
    "present": ["running", "begin"],
    "present leaderless": ["leaderless", "begin"],
    "absent": ["unknown", "ignore"],
  },
  "running": {
    "fork": ["running", "replace"],
    "own fork": ["running", "announce"],
    "clone": ["running", "grow"],
    "exec": ["running", "exec"],
    "thread exit": ["running", "shrink"],
    "leader exit": ["leaderless", "shrink"],
    "last exit": ["exited", "end"],
    "change": ["running", "change"],
    "present": ["running", "confirm"],
    "present leaderless": ["leaderless", "confirm"],
    "absent": ["exited", "vanish"],
  },
  "leaderless": {
    "fork": ["running", "replace"],
    "own fork": ["leaderless", "announce"],
    "clone": ["leaderless", "grow"],
    "exec": ["running", "exec"],
    "thread exit": ["leaderless", "shrink"],
    "leader exit": ["leaderless", "ignore"],
    "last exit": ["exited", "end"],
    "change": ["leaderless", "change"],
    "present": ["leaderless", "confirm"],
    "present leaderless": ["leaderless", "confirm"],
    "absent": ["exited", "vanish"],
  },
  "exited": {
    "fork": ["running", "begin"],
    "own fork": ["exited", "announce"],
    "clone": ["exited", "ignore"],
    "exec": ["running", "exec"],
    "thread exit": ["exited", "ignore"],
    "leader exit": ["exited", "ignore"],
    "last exit": ["exited", "ignore"],
    "change": ["exited", "ignore"],
    "present": ["running", "begin"],
    "present leaderless": ["leaderless", "begin"],
    "absent": ["exited", "ignore"],
  },
  "unborn": {
    "fork": ["running", "begin"],
    "own fork": ["exited", "announce"],
    "clone": ["unborn", "ignore"],
    "exec": ["running", "exec"],
    "thread exit": ["unborn", "ignore"],
    "leader exit": ["unborn", "ignore"],
    "last exit": ["unborn", "ignore"],
    "change": ["unborn", "ignore"],
    "present": ["running", "begin"],
    "present leaderless": ["leaderless", "begin"],
    "absent": ["unborn", "ignore"],
  },
};
