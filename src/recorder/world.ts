/**
 * The world of a recorder: what it knows of its host, and all that it does to others.
 *
 * @module
 */
import type { CommonShares } from "../model/common_shares.ts";
import type { Users } from "../proc/passwd.ts";
import type { Session, SessionOptions } from "../session.ts";

/** What a session tells a recorder. */
export type Told = Omit<SessionOptions, "capture" | "redact">;

/** All that comes from outside. */
export interface World {
  /** Where procfs is mounted. */
  readonly procRoot: string;
  /** What a service manager says: NOTIFY_SOCKET, LISTEN_FDS. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Effective user id. */
  readonly euid: number;
  readonly users: Users;
  /** What each user may take, by the clock of this thread. */
  readonly shares: CommonShares;
  /** Ends the recorder. */
  readonly signal: AbortSignal;
  /** Has `listener` told of each signal first: whether it has dealt with it. Null undoes it. */
  readonly onSignal?: ((listener: ((name: string) => boolean) | null) => void) | undefined;
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Tells people what it does, unless they want to hear nothing. */
  say(text: string): void;
  /** Tells people what is wrong with what they do not see; in any case. */
  complain(text: string): void;
  /** Starts the capture; rejects with what a person can act on. */
  openSession(told: Told): Promise<Session>;
}
