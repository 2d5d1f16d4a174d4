/**
 * Servers of the built executable, and what one asks of them.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Connection } from "../../src/serve/client/socket_client.ts";
import { FH, type Place } from "./executable.ts";
import { Running } from "./running.ts";

/** A folder with a socket and a history in it; disposing of it removes it. */
export class ServerFolder {
  readonly path: string = mkdtempSync(join(tmpdir(), "fh-server-"));
  readonly socket: string = join(this.path, "fh.sock");
  readonly db: string = join(this.path, "history.db");

  /** Starts `fh serve`, and waits until it listens. */
  serve(args: readonly string[] = [], place: Place = {}): Promise<Running> {
    return this.#start(["serve", ...args], place);
  }

  /** Starts `fh record`, and waits until it listens. */
  record(args: readonly string[] = [], place: Place = {}): Promise<Running> {
    return this.#start(["record", "--db", this.db, ...args], place);
  }

  /** The same of a command that becomes another before it runs what follows it. */
  recordIn(prefix: readonly string[], args: readonly string[]): Promise<Running> {
    return this.#start(["record", "--db", this.db, ...args], {}, prefix);
  }

  async #start(
    args: readonly string[],
    place: Place,
    prefix: readonly string[] = [],
  ): Promise<Running> {
    const fh = Running.start([...prefix, FH, ...args, "--socket", this.socket], place);
    return await fh.startedWhen("server", () => fh.stderr.includes("fh: listening on "));
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

/** Asks one question over a connection of its own. */
// deno-lint-ignore no-explicit-any
export async function ask(path: string, op: string, params: object = {}): Promise<any> {
  const connection = await Connection.open(path);
  try {
    return await connection.request(op, params as Record<string, unknown>);
  } finally {
    connection.close();
  }
}

/** A subscription whose events are gathered. */
export class Subscription {
  // deno-lint-ignore no-explicit-any
  readonly events: any[] = [];
  readonly #connection: Connection;
  readonly #ended: Promise<void>;

  private constructor(connection: Connection) {
    this.#connection = connection;
    this.#ended = this.#read();
  }

  /** Subscribes. */
  static async open(path: string, params: object = {}): Promise<Subscription> {
    const connection = await Connection.open(path);
    const subscription = new Subscription(connection);
    await connection.request("subscribe", params as Record<string, unknown>);
    return subscription;
  }

  async #read(): Promise<void> {
    for (let lines = await this.#connection.take(); lines !== null;) {
      for (const line of lines) this.events.push(JSON.parse(line));
      lines = await this.#connection.take();
    }
  }

  /** Waits until `reached` answers yes of the events so far; throws when it takes too long. */
  async until(what: string, reached: (events: readonly unknown[]) => boolean): Promise<void> {
    for (const late = performance.now() + 20_000; !reached(this.events);) {
      if (performance.now() > late) throw new Error(`No ${what} in ${this.events.length} events`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Closes the connection. */
  async close(): Promise<void> {
    this.#connection.close();
    await this.#ended.catch(() => {});
  }
}
