/**
 * Opens the session of a command.
 *
 * @module
 */
import { CommandError, EXIT } from "../fault.ts";
import { Session, type SessionOptions } from "../session.ts";
import { SourceRefused, type StartCapture } from "../source/capture.ts";

/** Which session. */
export interface WantedSession {
  /** What the command does through a source, as people say it: "watch". */
  readonly act: string;
  /** The source as it was asked for. */
  readonly source: string;
  /** Starts the capture; the capture thread when not given. */
  readonly start: StartCapture | undefined;
}

/** Opens it; rejects with CommandError where the host allows no such source. */
export async function openSession(
  { act, source, start }: WantedSession,
  options: SessionOptions,
): Promise<Session> {
  const session = await trySession(options, start);
  if (session instanceof Session) return session;
  const { message, advice } = session;
  throw new CommandError(EXIT.failed, `Cannot ${act} through the ${source}: ${message}; ${advice}`);
}

/** The same for who has another way: answers why the host allows no such source. */
export async function trySession(
  options: SessionOptions,
  start: StartCapture | undefined,
): Promise<Session | SourceRefused> {
  try {
    return await Session.open(options, start);
  } catch (error) {
    if (error instanceof SourceRefused) return error;
    throw error;
  }
}
