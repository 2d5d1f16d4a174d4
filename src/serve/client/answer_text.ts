/**
 * An answer as the text that a server writes, in pieces as they come: for who hands it on, however
 * long it is, and has nothing to look for in it.
 *
 * @module
 */
import type { Socket } from "node:net";
import { connect, ConnectionError, RequestError } from "./socket_client.ts";

/** What an answer begins with that is no refusal (docs/protocol.md). */
const OK = new TextEncoder().encode('{"ok":true');
const NEWLINE = 0x0a;

/** The JSON of an answer, without its newline; to be read once. */
export class AnswerText {
  constructor(readonly pieces: AsyncIterable<Uint8Array>) {}
}

/**
 * Asks over a connection of its own, which ends with the answer, or with the signal. Rejects as
 * `Connection.open()` and `request()` do; so do the pieces where the server goes before the end.
 */
export async function askText(
  path: string,
  op: string,
  params: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<AnswerText> {
  const socket = await connect(path, signal);
  const stop = () => socket.destroy();
  signal.addEventListener("abort", stop);
  socket.once("close", () => signal.removeEventListener("abort", stop));
  const lines = piecesOf(path, socket);
  socket.write(`${JSON.stringify({ ...params, op })}\n`);
  const head = await headOf(lines);
  if (OK.every((byte, at) => head[at] === byte)) return new AnswerText(rest(head, lines));
  throw refusalOf(path, Buffer.concat([head, ...await Array.fromAsync(lines)]));
}

/** Up to the first newline; the connection is ended then, and where nobody takes more. */
async function* piecesOf(path: string, socket: Socket): AsyncGenerator<Uint8Array, void> {
  const gone = (why: string) => {
    return new ConnectionError("ECONNRESET", `The server at ${path} has gone: ${why}`);
  };
  try {
    for await (const chunk of socket as AsyncIterable<Uint8Array>) {
      const end = chunk.indexOf(NEWLINE);
      yield end < 0 ? chunk : chunk.subarray(0, end);
      if (end >= 0) return;
    }
  } catch (error) {
    throw gone((error as Error).message);
  } finally {
    socket.destroy();
  }
  throw gone("it has closed the connection");
}

/** As much as tells an answer from a refusal. */
async function headOf(pieces: AsyncGenerator<Uint8Array, void>): Promise<Uint8Array> {
  let head = new Uint8Array(0);
  while (head.length < OK.length) {
    const { value, done } = await pieces.next();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  return head;
}

async function* rest(
  head: Uint8Array,
  pieces: AsyncGenerator<Uint8Array, void>,
): AsyncGenerator<Uint8Array, void> {
  try {
    yield head;
    yield* pieces;
  } finally {
    await pieces.return();
  }
}

function refusalOf(path: string, line: Uint8Array): Error {
  try {
    const { ok, error, errno, message } = JSON.parse(new TextDecoder().decode(line));
    if (ok === false) return new RequestError(String(error), Number(errno), String(message));
  } catch {
    // Told below.
  }
  return new ConnectionError("EPROTO", `${path} does not speak fh's protocol`);
}
