/**
 * What goes wrong with a stream of NATS, as a person can act on it.
 *
 * @module
 */
import { JetStreamApiError } from "@nats-io/jetstream";
import { errors } from "@nats-io/transport-node";
import { CommandError, EXIT } from "../../fault.ts";
import { SinkAway } from "../sink.ts";
import type { NatsPlace } from "./place.ts";

/** Numbers of errors of JetStream (server/errors.json of nats-server). */
const CODE = {
  insufficientResources: 10023,
  memoryExceeded: 10028,
  storageExceeded: 10047,
  messageTooLong: 10054,
  streamStoreFailed: 10077,
  otherStream: 10060,
} as const;
/** The stream is full, or the server is. */
const FULL: ReadonlySet<number> = new Set([
  CODE.insufficientResources,
  CODE.memoryExceeded,
  CODE.storageExceeded,
  CODE.streamStoreFailed,
]);

/** Whether the server, or its stream, takes no message of that length. */
export function isTooLong(error: unknown): boolean {
  return error instanceof JetStreamApiError
    ? error.code === CODE.messageTooLong
    : isAbout(error, errors.InvalidArgumentError);
}

/** Why fh could not be let in, or is not any more. */
export function connectFailure(place: NatsPlace, error: unknown): CommandError {
  if (error instanceof CommandError) return error;
  const where = `NATS at ${place.server}`;
  const said = saidBy(error);
  if (
    error instanceof errors.AuthorizationError ||
    error instanceof errors.UserAuthenticationExpiredError
  ) {
    const advice = "give NATS_CREDS, NATS_NKEY, NATS_USER with NATS_PASSWORD, or NATS_TOKEN";
    return new CommandError(EXIT.failed, `${where} does not let you in: ${said}; ${advice}`);
  }
  if (/does not support 'tls'/.test(said)) {
    const advice = "set up TLS there, or allow plain text by ?tls=off";
    return new CommandError(EXIT.failed, `${where} has no TLS; ${advice}`);
  }
  if (isUntrusted(error)) {
    const advice = "give its authority by NATS_CA";
    return new CommandError(EXIT.failed, `${where} is not trusted: ${said}; ${advice}`);
  }
  return new SinkAway(
    EXIT.failed,
    `${where} cannot be reached: ${said}; see that it runs, and that its host is right`,
  );
}

/** Why a message was not taken; null where nobody answers for its subject: see whyNobody(). */
export function publishFailure(
  place: NatsPlace,
  subject: string,
  error: unknown,
): CommandError | null {
  const stream = `The stream ${place.stream} at ${place.server}`;
  const said = saidBy(error);
  if (error instanceof JetStreamApiError) {
    if (FULL.has(error.code)) {
      return new SinkAway(EXIT.failed, `${stream} is full: ${said}; see its limits`);
    }
    if (error.code === CODE.otherStream) {
      const what = `Another stream than ${place.stream} takes ${subject} at ${place.server}`;
      return new CommandError(EXIT.failed, `${what}; name that one, or give ?subject=…`);
    }
    const advice = error.code === CODE.messageTooLong ? "raise its limit" : "see its settings";
    return new CommandError(EXIT.failed, `${stream} refuses: ${said}; ${advice}`);
  }
  if (isAbout(error, errors.InvalidArgumentError)) {
    return new CommandError(EXIT.failed, `${stream} refuses: ${said}; raise its max_payload`);
  }
  if (isAbout(error, errors.PermissionViolationError)) {
    const advice = `let it publish ${subject}, and subscribe to _INBOX.>`;
    return new CommandError(EXIT.failed, `${stream} is not for this user: ${said}; ${advice}`);
  }
  if (isAbout(error, errors.NoRespondersError) || nameOf(error) === "JetStreamNotEnabled") {
    return null;
  }
  return new SinkAway(EXIT.failed, `${stream} does not answer: ${said}; see that it runs`);
}

/** What is known of a stream, from JetStream's own answer. */
export interface StreamFacts {
  /** JetStream answers. */
  readonly isThere: boolean;
  /** Subjects that the stream takes; null: there is none of that name. */
  readonly subjects: readonly string[] | null;
  /** Bytes that a message may have with its headers; null: not said, or not limited. */
  readonly most: number | null;
}

/** Why nobody has taken a message. `passes`: it was there before, so it may come back. */
export function whyNobody(
  { server, stream, subject: prefix }: NatsPlace,
  subject: string,
  { isThere, subjects }: Pick<StreamFacts, "isThere" | "subjects">,
  passes: boolean,
): CommandError {
  const Failure = passes ? SinkAway : CommandError;
  if (!isThere) {
    const what = `NATS at ${server} has no JetStream for this user`;
    return new Failure(EXIT.failed, `${what}; start nats-server with -js, or see its accounts`);
  }
  if (subjects === null) {
    const make = `nats stream add ${stream} --subjects '${prefix}.>' --dupe-window 1h`;
    return new Failure(EXIT.failed, `NATS at ${server} has no stream ${stream}; make it: ${make}`);
  }
  const what = `The stream ${stream} at ${server} takes ${subjects.join(", ")} and not ${subject}`;
  return new Failure(EXIT.failed, `${what}; add '${prefix}.>' to it, or give ?subject=…`);
}

function isAbout(error: unknown, kind: new (...args: never[]) => Error): boolean {
  const { cause } = error as Error;
  return error instanceof kind || cause instanceof kind ||
    (cause instanceof Error && cause.cause instanceof kind);
}

/** What a TLS library says of a certificate: a code of its own, or one of OpenSSL's. */
function isUntrusted(error: unknown): boolean {
  const { code = "", message = "" } = error as NodeJS.ErrnoException;
  return /CERT|ALTNAME|ISSUER|SELF_SIGNED|UNABLE_TO/.test(code) || /certificate/i.test(message);
}

function nameOf(error: unknown): string {
  return (error as Error | undefined)?.name ?? "";
}

/** What an error says, in a line. */
export function saidBy(error: unknown): string {
  const { message, code } = error as NodeJS.ErrnoException ?? {};
  return (message || code || "it has closed the connection").split("\n")[0]!;
}
