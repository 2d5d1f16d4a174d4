/**
 * A server as docs/protocol.md has it, whose answers and events are a test's.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A request as it came. */
export type FakeRequest = Readonly<Record<string, unknown>>;

/** What a request is answered with: fields beside `ok`, `op` and `id`; null is not answered. */
export type FakeAnswer = Readonly<Record<string, unknown>> | null;

/** A refusal as an answer. */
export function refusal(error: string, errno: number, message: string): FakeAnswer {
  return { ok: false, error, errno, message };
}

/** One client of the server. */
export class FakeClient {
  readonly requests: FakeRequest[] = [];
  readonly socket: Socket;
  /** Resolves when the client has gone. */
  readonly gone: Promise<void>;
  #text = "";

  constructor(socket: Socket, answer: (request: FakeRequest, client: FakeClient) => FakeAnswer) {
    this.socket = socket;
    this.gone = new Promise((resolve) => socket.on("close", () => resolve()));
    socket.on("error", () => {}); // A client may go when it likes.
    socket.on("data", (chunk) => {
      const lines = (this.#text + new TextDecoder().decode(chunk)).split("\n");
      this.#text = lines.pop()!;
      for (const line of lines) this.#answer(JSON.parse(line), answer);
    });
  }

  /** Sends objects, one a line. */
  send(...events: readonly Readonly<Record<string, unknown>>[]): void {
    this.socket.write(events.map((event) => JSON.stringify(event) + "\n").join(""));
  }

  /** Sends what was sent, then ends the connection. */
  end(): Promise<void> {
    this.socket.end();
    return this.gone;
  }

  #answer(
    request: FakeRequest,
    answer: (request: FakeRequest, client: FakeClient) => FakeAnswer,
  ): void {
    this.requests.push(request);
    const { op, id } = request;
    const fields = answer(request, this);
    if (fields === null) return;
    this.send({ ok: true, op, ...id === undefined ? {} : { id }, ...fields });
  }
}

/** A server at a path of its own, or at one that is given. */
export class FakeServer implements AsyncDisposable {
  readonly path: string;
  readonly clients: FakeClient[] = [];
  readonly #server: Server;
  readonly #folder: string | null;
  #wake: (() => void) | null = null;

  private constructor(
    path: string,
    folder: string | null,
    answer: (request: FakeRequest, client: FakeClient) => FakeAnswer,
  ) {
    this.path = path;
    this.#folder = folder;
    this.#server = createServer((socket) => {
      this.clients.push(new FakeClient(socket, answer));
      this.#wake?.();
    });
  }

  /** Listens; `answer` is asked for each request. */
  static async start(
    answer: (request: FakeRequest, client: FakeClient) => FakeAnswer,
    path?: string,
  ): Promise<FakeServer> {
    const folder = path === undefined ? mkdtempSync(join(tmpdir(), "fh-socket-")) : null;
    const server = new FakeServer(path ?? join(folder!, "fh.sock"), folder, answer);
    await new Promise<void>((resolve, reject) => {
      server.#server.once("error", reject);
      server.#server.listen(server.path, resolve);
    });
    return server;
  }

  /** The client with that number, when it has come. */
  async client(index: number): Promise<FakeClient> {
    while (this.clients.length <= index) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return this.clients[index]!;
  }

  /** Ends the server and every connection; the socket's file goes with it. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const { socket } of this.clients) socket.destroy();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    if (this.#folder !== null) rmSync(this.#folder, { recursive: true });
  }
}

/** The answer to hello, with whatever a test wants to be otherwise. */
export function hello(parts: Readonly<Record<string, unknown>> = {}): FakeAnswer {
  return {
    protocol: 1,
    version: "1.0.0",
    pid: 811,
    instance: "7c0a51fe-811-1034",
    boot: "7c0a51fe",
    source: "connector",
    why: "the kernel's proc connector reports every event",
    uid: 0,
    privileged: true,
    history: true,
    seq: 1_764_016_440_000_000,
    ...parts,
  };
}
