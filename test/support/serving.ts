/**
 * Connections with a socket of their own, and clients of them, all in one thread.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { check, ERRNO } from "../../ffi/errno.ts";
import type { Libc } from "../../ffi/libc.ts";
import { SOCKET, UCRED } from "../../ffi/linux.ts";
import { type ConnectionLimits, Connections } from "../../src/serve/connections.ts";
import { SOCKET_LIMITS } from "../../src/serve/limits.ts";
import { type Listener, openListener } from "../../src/serve/listen.ts";
import type { Peer } from "../../src/serve/messages.ts";
import { until } from "./until.ts";

const { AF_UNIX, SOCK_STREAM, SOCK_CLOEXEC, MSG_DONTWAIT, MSG_NOSIGNAL } = SOCKET;

/** A folder for a test's socket. */
export function makeFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "fh-serve-"));
  return { path, remove: () => rmSync(path, { recursive: true }) };
}

/** A client that waits for nothing: each call is one system call. */
export class RawClient {
  readonly fd: number;
  readonly #libc: Libc;

  constructor(libc: Libc, path: string) {
    this.#libc = libc;
    this.fd = check("make a socket", libc.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const bytes = new TextEncoder().encode(`${path}\0`);
    check("connect", libc.connect(this.fd, new Uint8Array([AF_UNIX, 0, ...bytes])));
  }

  send(data: string | Uint8Array): number {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    return check("send", this.#libc.send(this.fd, bytes, MSG_DONTWAIT | MSG_NOSIGNAL));
  }

  /** What has come, at most `max` bytes; null when the other end is closed. */
  receive(max = 1 << 20): string | null {
    const into = new Uint8Array(new ArrayBuffer(max));
    const count = this.#libc.recv(this.fd, into, MSG_DONTWAIT);
    if (count === 0) return null;
    if (count === -ERRNO.EAGAIN) return "";
    return new TextDecoder().decode(into.subarray(0, check("receive", count)));
  }

  close(): void {
    this.#libc.close(this.fd);
  }
}

/** A client that gathers what comes, and stays when the other end has nothing more to say. */
export class NetClient {
  text = "";
  /** The other end has closed. */
  ended = false;
  readonly socket: Socket;
  readonly connected: Promise<void>;

  constructor(path: string) {
    this.socket = createConnection({ path, allowHalfOpen: true });
    this.socket.setEncoding("utf8");
    this.socket.on("data", (text: string) => this.text += text);
    this.socket.on("end", () => this.ended = true);
    this.socket.on("error", () => this.ended = true);
    this.connected = new Promise((resolve) => this.socket.once("connect", () => resolve()));
  }

  get lines(): string[] {
    return this.text.split("\n").slice(0, -1);
  }
}

/** Connections that note what they tell. */
export class Serving {
  readonly folder = makeFolder();
  readonly listener: Listener;
  readonly connections: Connections;
  readonly peers: Peer[] = [];
  readonly requests: [client: number, line: string | null][] = [];
  readonly gone: number[] = [];
  readonly died: number[] = [];
  readonly readyCalls: number[] = [];
  /** How many events the last wait gave. */
  lastCount = 0;
  /** Answers each request with itself. */
  echo = false;

  constructor(
    readonly libc: Libc,
    limits: Partial<ConnectionLimits> = {},
    fakes: Partial<Libc> = {},
    euid = 0,
  ) {
    const path = join(this.folder.path, "fh.sock");
    this.listener = openListener(libc, path, null);
    const counting: Libc = {
      ...libc,
      epollWait: (epoll, into, timeout) => this.lastCount = libc.epollWait(epoll, into, timeout),
      ...fakes,
    };
    const setup = { listeners: [this.listener.fd], source: "poll", euid, wake: null };
    this.connections = new Connections(counting, setup, {
      onConnect: (peer) => void this.peers.push(peer),
      onRequest: (client, line) => {
        this.requests.push([client, line]);
        if (this.echo) this.connections.answer(client, String(line));
      },
      onDisconnect: (client) => void this.gone.push(client),
      onDied: (tag) => void this.died.push(tag),
      onReady: (call) => void this.readyCalls.push(call),
      onWake: () => {
        throw new Error("woken");
      },
    }, { ...SOCKET_LIMITS, ...limits });
  }

  get path(): string {
    return this.listener.path;
  }

  /** The lines that came, of whomever. */
  get lines(): (string | null)[] {
    return this.requests.map(([, line]) => line);
  }

  /** Turns until there is nothing more to do. */
  idle(): void {
    do this.connections.turn(0); while (this.lastCount > 0);
  }

  /** Turns until something holds. */
  async until(holds: () => boolean): Promise<void> {
    await until(() => (this.idle(), holds()), String(holds));
  }

  /** A client that is connected, and its number. */
  connect(): [RawClient, number] {
    const client = new RawClient(this.libc, this.path);
    this.idle();
    return [client, this.peers.at(-1)!.client];
  }

  close(): void {
    this.connections.close();
    this.listener.remove();
    this.folder.remove();
  }
}

/** What a libc does in which all who connect are of another user, `uid()`. */
export function foreign(libc: Libc, uid: () => number): Pick<Libc, "getsockopt"> {
  return {
    getsockopt(fd, level, name, value) {
      const result = libc.getsockopt(fd, level, name, value);
      new DataView(value.buffer).setUint32(UCRED.uid, uid(), true);
      return result;
    },
  };
}

/** Removes `Serving` however a test ends. */
export async function serving(
  options: ConstructorParameters<typeof Serving>,
  act: (serving: Serving) => void | Promise<void>,
): Promise<void> {
  const made = new Serving(...options);
  try {
    await act(made);
  } finally {
    made.close();
  }
}
