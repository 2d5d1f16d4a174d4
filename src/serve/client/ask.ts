/**
 * Asking a server: what it answers, or else what a person is to know.
 *
 * @module
 */
import { CommandError, EXIT } from "../../fault.ts";
import { socketToAsk } from "../place.ts";
import { Connection, ConnectionError, RequestError } from "./socket_client.ts";

/** The fields of an answer, or of a question. */
export type Fields = Readonly<Record<string, unknown>>;

/** Who asks. */
export interface Asking {
  /** Say where the socket is, unless that is named. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly euid: number;
  /** Ends what is asked. */
  readonly signal: AbortSignal;
}

/** Exit statuses of what is refused; others are failures. */
const STATUS: Readonly<Record<string, number>> = { ESRCH: EXIT.notFound, EFAULT: EXIT.usage };

/** A server that listens. */
export class ServerDoor {
  readonly #connection: Connection;
  readonly #signal: AbortSignal;
  readonly #unknown: string | undefined;

  private constructor(connection: Connection, signal: AbortSignal, unknown: string | undefined) {
    this.#connection = connection;
    this.#signal = signal;
    this.#unknown = unknown;
  }

  /**
   * Connects; rejects with CommandError where none listens. `unknown` is what is said where it does
   * not know what it is asked for.
   */
  static async open(
    { signal, ...owner }: Asking,
    named: string | undefined,
    unknown?: string,
  ): Promise<ServerDoor> {
    const path = socketToAsk(owner, named);
    if (path === null) throw noServer(null, null);
    try {
      return new ServerDoor(await Connection.open(path, undefined, signal), signal, unknown);
    } catch (error) {
      if (signal.aborted) throw stopped(path, signal);
      throw noServer(path, error as Error);
    }
  }

  /** Asks; rejects with CommandError for what is refused, {@linkcode ServerGone} where it goes. */
  async ask(op: string, params: Fields): Promise<Fields> {
    try {
      const { ok: _ok, op: _op, id: _id, ...fields } = await this.#connection.request(op, params);
      return fields;
    } catch (error) {
      const { path } = this.#connection;
      if (error instanceof RequestError) throw this.#refused(error);
      if (!this.#signal.aborted) throw new ServerGone(path, error as Error);
      throw stopped(path, this.#signal);
    }
  }

  /** Ends the connection. */
  close(): void {
    this.#connection.close();
  }

  #refused(refusal: RequestError): CommandError {
    if (refusal.error !== "ENOTTY" || this.#unknown === undefined) return refused(refusal);
    return new CommandError(EXIT.failed, this.#unknown);
  }
}

function stopped(path: string, { reason }: AbortSignal): CommandError {
  return new CommandError(EXIT.failed, `Cannot ask ${path}: stopped by ${reason}`);
}

/** Asks the server one thing; rejects with CommandError, as {@linkcode ServerDoor} does. */
export async function askServer(
  asking: Asking,
  named: string | undefined,
  op: string,
  params: Fields,
): Promise<Fields> {
  const door = await ServerDoor.open(asking, named);
  try {
    return await door.ask(op, params);
  } finally {
    door.close();
  }
}

/** What is refused, with the name of its error. */
export function refused(
  { error, message }: { readonly error: string; readonly message: string },
): CommandError {
  return new CommandError(STATUS[error] ?? EXIT.failed, `${message} (${error})`);
}

/** The server has ended while it was asked. */
export class ServerGone extends CommandError {
  constructor(path: string, error: Error) {
    const { status, message } = noServer(path, error);
    super(status, message);
    this.name = "ServerGone";
  }
}

/** The error of a question that only a server can answer; `error` is why it could not be asked. */
export function noServer(path: string | null, error: Error | null): CommandError {
  if (path === null) {
    return new CommandError(
      EXIT.failed,
      "No server: no socket is named, and XDG_RUNTIME_DIR is not set; name one by --socket",
    );
  }
  const code = error instanceof ConnectionError ? error.code : "";
  if (code === "ENOENT") {
    return failed(`No server: there is no ${path}`, "run fh record or fh serve to have one");
  }
  if (code === "ECONNREFUSED") {
    return failed(`No server: nobody listens at ${path}`, "run fh record or fh serve to have one");
  }
  if (code === "EACCES" || code === "EPERM") {
    return failed(
      `Cannot connect to ${path}: not permitted`,
      "ask who runs the server for its --socket-group, and to be in that group",
    );
  }
  return failed(
    error?.message ?? `Cannot connect to ${path}`,
    "see that fh record or fh serve runs",
  );
}

function failed(what: string, advice: string): CommandError {
  return new CommandError(EXIT.failed, `${what}; ${advice}`);
}
