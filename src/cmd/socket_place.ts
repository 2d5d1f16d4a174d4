/**
 * Where the socket of a server is, and what is said when nobody answers there.
 *
 * @module
 */
import type { Context } from "../cli/command.ts";
import { CommandError, EXIT } from "../fault.ts";
import { Connection, ConnectionError, RequestError } from "../serve/client/socket_client.ts";
import { socketToAsk } from "../serve/place.ts";

export { defaultSocket, socketToAsk } from "../serve/place.ts";

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

/** Asks the server one thing; throws CommandError for what it refuses, and where there is none. */
export async function askServer(
  { env, signal }: Context,
  named: string | undefined,
  op: string,
  params: Readonly<Record<string, unknown>>,
): Promise<Readonly<Record<string, unknown>>> {
  const path = socketToAsk(env, named);
  if (path === null) throw noServer(null, null);
  let connection: Connection;
  try {
    connection = await Connection.open(path);
  } catch (error) {
    throw noServer(path, error as Error);
  }
  const stop = () => connection.close();
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  try {
    const { ok: _ok, op: _op, id: _id, ...fields } = await connection.request(op, params);
    return fields;
  } catch (error) {
    if (error instanceof RequestError) throw refused(error);
    if (!signal.aborted) throw noServer(path, error as Error);
    throw new CommandError(EXIT.failed, `Cannot ask ${path}: stopped by ${signal.reason}`);
  } finally {
    signal.removeEventListener("abort", stop);
    connection.close();
  }
}

/** What the server refuses, with the name of its error. */
function refused({ error, message }: RequestError): CommandError {
  const status = error === "ESRCH" ? EXIT.notFound : EXIT.failed;
  return new CommandError(status, `${message} (${error})`);
}
