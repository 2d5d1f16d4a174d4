/**
 * The other end of the socket: requests and their answers, and the events of a subscription.
 *
 * @module
 */
import { LineBuffer } from "../../text/line_buffer.ts";
import { createConnection, type Socket } from "node:net";

/** Bytes of events that wait to be taken, where nobody says otherwise. */
const WAITING_MAX = 4 << 20;

/** A request that the server does not do. */
export class RequestError extends Error {
  /** Name of the error number, such as `EPERM`: docs/protocol.md lists them. */
  readonly error: string;
  /** The number itself. */
  readonly errno: number;

  /** `message` is the server's sentence: what failed, what was seen, what to do. */
  constructor(error: string, errno: number, message: string) {
    super(message);
    this.name = "RequestError";
    this.error = error;
    this.errno = errno;
  }
}

/** There is no server at a socket, or there is none any more. */
export class ConnectionError extends Error {
  /** What connecting failed with, such as `ENOENT`; `ECONNRESET` where the server has gone. */
  readonly code: string;

  /** `message` is "what failed: what was seen". */
  constructor(code: string, message: string) {
    super(message);
    this.name = "ConnectionError";
    this.code = code;
  }
}

/** What the server answers; the other fields are those of the operation. */
export interface Answer {
  /** Always true: what is refused is thrown. */
  readonly ok: true;
  /** The operation. */
  readonly op: string;
  /** A field of the operation's own. */
  readonly [field: string]: unknown;
}

/** Somebody who waits for an answer. */
interface Waiting {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

/** Connects; rejects with {@linkcode ConnectionError} where nobody listens, or by the signal. */
export function connect(path: string, signal?: AbortSignal): Promise<Socket> {
  if (signal?.aborted) return Promise.reject(closed(path));
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    const leave = () => {
      socket.destroy();
      reject(closed(path));
    };
    const refuse = (error: NodeJS.ErrnoException) => {
      signal?.removeEventListener("abort", leave);
      const what = `Cannot connect to ${path}: ${error.message}`;
      reject(new ConnectionError(error.code ?? error.name, what));
    };
    signal?.addEventListener("abort", leave);
    socket.once("error", refuse);
    socket.once("connect", () => {
      signal?.removeEventListener("abort", leave);
      socket.off("error", refuse);
      resolve(socket);
    });
  });
}

/** A connection to a server. */
export class Connection {
  readonly path: string;
  readonly #socket: Socket;
  /** Answers may be of any length. */
  readonly #lines = new LineBuffer(Infinity);
  readonly #waitingMax: number;
  readonly #requests = new Map<number, Waiting>();
  #lastId = 0;
  #events: string[] = [];
  #eventBytes = 0;
  #wake: (() => void) | null = null;
  #over = false;
  #error: Error | null = null;

  private constructor(path: string, socket: Socket, waitingMax: number) {
    this.path = path;
    this.#waitingMax = waitingMax;
    this.#socket = socket;
    socket.on("data", (chunk) => this.#receive(chunk as Uint8Array));
    socket.on("error", (error) => this.#end(gone(path, error.message)));
    socket.on("close", () => this.#end(gone(path, "it has closed the connection")));
  }

  /**
   * Connects; rejects with {@linkcode ConnectionError} where nobody listens. While more than
   * `waitingMax` bytes of events wait to be taken nothing is read. `signal` ends it as close()
   * does, whatever it waits for.
   */
  static async open(
    path: string,
    waitingMax: number = WAITING_MAX,
    signal?: AbortSignal,
  ): Promise<Connection> {
    const connection = new Connection(path, await connect(path, signal), waitingMax);
    connection.#endWith(signal);
    return connection;
  }

  /** Why the connection is over; null while it is not, and where close() ended it. */
  get error(): Error | null {
    return this.#error;
  }

  /**
   * Asks for an operation; several may be asked for before the first is answered. Rejects with
   * {@linkcode RequestError} what the server refuses, with {@linkcode ConnectionError} what it
   * never answers. While too many bytes of events wait to be taken no answer is read.
   */
  request(op: string, params: Readonly<Record<string, unknown>> = {}): Promise<Answer> {
    if (this.#over) return Promise.reject(this.#error ?? closed(this.path));
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#requests.set(id, { resolve, reject });
      // What is asked, and which answer is whose, no parameter says.
      const asked = Object.assign({ op }, params, { op, id });
      this.#socket.write(JSON.stringify(asked) + "\n");
    });
  }

  /**
   * The events that have come, each the text of its line, as soon as there are any. Null when the
   * connection is over and all have been taken; `error` then says why it is.
   */
  async take(): Promise<readonly string[] | null> {
    while (this.#events.length === 0) {
      if (this.#over) return null;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const events = this.#events;
    this.#events = [];
    if (this.#eventBytes > this.#waitingMax) this.#socket.resume();
    this.#eventBytes = 0;
    return events;
  }

  /** Ends the connection; what waits for an answer is rejected. */
  close(): void {
    this.#end(null);
  }

  #endWith(signal: AbortSignal | undefined): void {
    if (signal === undefined) return;
    const stop = () => this.close();
    signal.addEventListener("abort", stop);
    this.#socket.once("close", () => signal.removeEventListener("abort", stop));
  }

  #receive(chunk: Uint8Array): void {
    if (this.#over) return;
    const before = this.#eventBytes;
    this.#lines.push(chunk);
    for (let line = this.#lines.next(); typeof line === "string"; line = this.#lines.next()) {
      this.#read(line);
    }
    if (this.#eventBytes === before) return;
    const most = this.#waitingMax;
    if (before <= most && this.#eventBytes > most) this.#socket.pause();
    this.#wake?.();
    this.#wake = null;
  }

  #read(line: string): void {
    // That is how a server begins events; whatever else a line begins with is looked into.
    const fields = line.startsWith('{"event":') ? null : parseObject(line);
    if (fields === undefined) {
      this.#end(new ConnectionError("EPROTO", `${this.path} does not speak fh's protocol`));
    } else if (fields === null || "event" in fields) {
      this.#events.push(line);
      this.#eventBytes += line.length;
    } else {
      this.#answer(fields);
    }
  }

  #answer(fields: Readonly<Record<string, unknown>>): void {
    // Answers come in the order of the requests; one that names none is of the oldest.
    const id = fields["id"] as number | undefined ?? this.#requests.keys().next().value;
    const waiting = id === undefined ? undefined : this.#requests.get(id);
    if (id !== undefined) this.#requests.delete(id);
    if (fields["ok"] === true) {
      waiting?.resolve(fields as Answer);
      return;
    }
    const { error, errno, message } = fields;
    const refusal = new RequestError(String(error), Number(errno), String(message));
    if (waiting !== undefined) waiting.reject(refusal);
    // It was asked for nothing: it does not take the connection.
    else this.#error ??= refusal;
  }

  #end(error: Error | null): void {
    if (this.#over) return;
    this.#over = true;
    this.#error ??= error;
    this.#socket.destroy();
    const why = this.#error ?? closed(this.path);
    for (const { reject } of this.#requests.values()) reject(why);
    this.#requests.clear();
    this.#wake?.();
    this.#wake = null;
  }
}

function gone(path: string, why: string): ConnectionError {
  return new ConnectionError("ECONNRESET", `The server at ${path} has gone: ${why}`);
}

function closed(path: string): ConnectionError {
  return new ConnectionError("ECONNABORTED", `The connection to ${path} was closed`);
}

/** Undefined for what is no JSON object. */
function parseObject(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? value as Record<string, unknown> : undefined;
  } catch {
    return undefined;
  }
}
