/**
 * What all faces tell of a process, as JSON fields. Streams write the same by hand, byte by byte
 * (view/json.ts): a test compares the two.
 *
 * @module
 */
import { exitStatus, type Process } from "../model/process.ts";
import type { LifeState } from "../model/lifecycle.ts";
import type { WallClock } from "./time.ts";
import { signalName } from "./words.ts";

/** Words of the field `state`. */
const STATE_WORDS: Readonly<Record<LifeState, string>> = {
  unknown: "unknown",
  running: "running",
  leaderless: "running",
  exited: "exited",
  unborn: "exited",
};

/** Who knows what users are called. */
interface UserNames {
  name(uid: number): string | null;
}

/** The user that a process runs as. */
export interface UserFields {
  readonly uid: number | null;
  readonly user: string | null;
}

/** How a process has ended; null each while it lives, and what is not known. */
export interface EndFields {
  readonly exit_code: number | null;
  readonly signal: string | null;
}

/** When a process lived, RFC 3339, and how it has ended. */
export interface LifeFields extends EndFields {
  readonly state: string;
  readonly started: string | null;
  readonly ended: string | null;
  /** Nanoseconds. */
  readonly duration_ns: number | null;
}

/** The fields of a user; null is not known. */
export function userFields(uid: number | null, users: UserNames): UserFields {
  return { uid, user: uid === null ? null : users.name(uid) };
}

/** The host, where an answer is about several. */
export function hostFields(
  { boot }: Pick<Process, "boot">,
): { readonly host?: string } {
  return boot.host == null ? {} : { host: boot.host };
}

/** The fields of a wait status. */
export function endFields(status: number | null): EndFields {
  const { code, signal } = exitStatus(status);
  return { exit_code: code, signal: signal === null ? null : signalName(signal) };
}

/** The fields of a life; `clock` is used again for the next. */
export function lifeFields(process: Process, clock: WallClock): LifeFields {
  const { durationNs } = process;
  return {
    state: STATE_WORDS[process.state],
    started: momentField(process, process.start, clock),
    // A process that lives again (an exec after its exit) has no end.
    ended: momentField(process, process.alive ? null : process.end, clock),
    ...endFields(process.status),
    duration_ns: durationNs === null ? null : Math.round(durationNs),
  };
}

/** A time since the boot of a process, RFC 3339; null where either is not known. */
export function momentField(
  { boot }: Pick<Process, "boot">,
  ns: number | null,
  clock: WallClock,
): string | null {
  const epoch = ns === null ? null : boot.epochAt(ns);
  return epoch === null ? null : clock.utc(epoch, ns!);
}
