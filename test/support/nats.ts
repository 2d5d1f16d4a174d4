/**
 * A nats-server with JetStream of its own, on a port of this host, with its store in a folder.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect, type ConnectionOptions } from "@nats-io/transport-node";
import { temporaryFolder } from "./at_end.ts";
import { Running } from "./running.ts";

const UNPACKED = fileURLToPath(
  new URL("../../node_modules/.debian/usr/sbin/nats-server", import.meta.url),
);
const program = ["nats-server", UNPACKED].find((name) => {
  return spawnSync(name, ["--version"]).status === 0;
});

/** What of it is missing, for `unless()`. */
export const missingNats: string | null = program === undefined ? "nats-server" : null;

/** A message of a stream. */
export interface StreamMessage {
  readonly subject: string;
  readonly id: string;
  // deno-lint-ignore no-explicit-any
  readonly line: any;
}

/** One server; disposing of it kills it. */
export class Nats {
  readonly folder: string = temporaryFolder("fh-nats-");
  readonly #config: string;
  readonly #jetstream: boolean;
  #running: Running | null = null;
  #port = -1;

  private constructor(config: string, jetstream: boolean) {
    this.#config = config;
    this.#jetstream = jetstream;
  }

  /** Starts one with more of a configuration than its port. */
  static async start(config = "", jetstream = true): Promise<Nats> {
    const server = new Nats(config, jetstream);
    await server.startAgain();
    return server;
  }

  /** Starts it once more, on the port that it had. */
  async startAgain(): Promise<void> {
    const ports = join(this.folder, "ports");
    rmSync(ports, { recursive: true, force: true });
    mkdirSync(ports);
    const config = join(this.folder, "nats.conf");
    const store = this.#jetstream ? `jetstream { store_dir: "${this.folder}/store" }` : "";
    writeFileSync(config, `listen: 127.0.0.1:${this.#port}\n${store}\n${this.#config}\n`);
    const words = [program!, "-c", config, "--ports_file_dir", ports];
    this.#running = await Running.start(words).startedWhen("it listens", () => {
      return readdirSync(ports).some((name) => readFileSync(join(ports, name)).length > 0);
    });
    const [name] = readdirSync(ports);
    const { nats } = JSON.parse(readFileSync(join(ports, name!), "utf8"));
    this.#port = Number(new URL(nats[0]).port);
  }

  /** As nobody expects it. */
  async kill(): Promise<void> {
    await this.#running?.[Symbol.asyncDispose]();
    this.#running = null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  get port(): number {
    return this.#port;
  }

  /** The URL of a stream. */
  url(stream: string, rest = ""): string {
    return `nats://127.0.0.1:${this.#port}/${stream}${rest}`;
  }

  /** Makes a stream. */
  async make(
    name: string,
    more: Readonly<Record<string, unknown>> = {},
    options: ConnectionOptions = {},
  ): Promise<void> {
    await this.#manage(options, async (manager) => {
      await manager.streams.add({ name, subjects: ["fh.>"], ...more });
    });
  }

  /** How many messages a stream has. */
  async count(name: string): Promise<number> {
    return await this.#manage(
      {},
      async (manager) => (await manager.streams.info(name)).state.messages,
    );
  }

  /** All that a stream has, in order. */
  async messages(name: string, options: ConnectionOptions = {}): Promise<StreamMessage[]> {
    return await this.#manage(options, async (manager) => {
      const { state } = await manager.streams.info(name);
      const found: StreamMessage[] = [];
      if (state.messages === 0) return found;
      const consumer = await manager.jetstream().consumers.get(name);
      for await (const message of await consumer.consume()) {
        const id = message.headers!.get("Nats-Msg-Id");
        found.push({ subject: message.subject, id, line: message.json() });
        if (message.seq >= state.last_seq) break;
      }
      return found;
    });
  }

  async #manage<Result>(
    options: ConnectionOptions,
    work: (manager: Awaited<ReturnType<typeof jetstreamManager>>) => Promise<Result>,
  ): Promise<Result> {
    const connection = await connect({ servers: `127.0.0.1:${this.#port}`, ...options });
    try {
      return await work(await jetstreamManager(connection));
    } finally {
      await connection.close();
    }
  }
}
