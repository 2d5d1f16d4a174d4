/**
 * Where metrics can be scraped: a port, or a socket in a folder. A place that cannot be had is
 * tried again, and capture waits for none of it.
 *
 * @module
 */
import { createServer, type Socket } from "node:net";
import { listenAtPath, listenAtPort, type Listening } from "../serve/named_place.ts";
import { answerTo, METRICS_PATH, type Scraped, tooLong } from "./scrape.ts";

/** Where: an IP address and a port (0: any), or a path and who may connect beside its owner. */
export type MetricsPlace =
  | { readonly host: string; readonly port: number }
  | { readonly path: string; readonly group: number | null };

/** What one may take who connects: everybody on the host may. */
export const DOOR_LIMITS = {
  /** Connections at a time; the one that is there for longest makes room for the next. */
  connections: 32,
  /** Bytes of a request. */
  request: 8192,
  /** How long a connection may take, milliseconds. */
  lifeMs: 5000,
} as const;

/** A place that could not be had is tried again after so long. */
const AGAIN_MS = 60_000;

/** How it is opened. */
export interface DoorOptions {
  readonly place: MetricsPlace;
  text: Scraped["text"];
  /** Tells a person. */
  say(text: string): void;
  /** Instead of a minute. */
  readonly againMs?: number;
}

/** Listens, sooner or later. */
export class MetricsDoor {
  readonly #options: DoorOptions;
  /** A port, and one that programs of other hosts can reach. */
  readonly #isPort: boolean;
  readonly #isOpen: boolean;
  readonly #sockets = new Set<Socket>();
  #listening: Listening | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isClosed = false;

  private constructor(options: DoorOptions) {
    this.#options = options;
    const { place } = options;
    this.#isPort = "host" in place;
    this.#isOpen = "host" in place && !isLoopback(place.host);
  }

  /** Opens it; resolves when it listens or has said why not. */
  static async open(options: DoorOptions): Promise<MetricsDoor> {
    const door = new MetricsDoor(options);
    await door.#try(true);
    return door;
  }

  /** Where it listens, for people; null while it does not. */
  get where(): string | null {
    const at = this.#listening;
    return at === null ? null : whereOf(at);
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const socket of this.#sockets) socket.destroy();
    await this.#listening?.close();
  }

  async #try(isFirst: boolean): Promise<void> {
    const { place, say, againMs = AGAIN_MS } = this.#options;
    const server = createServer({ allowHalfOpen: true }, (socket) => this.#meet(socket));
    try {
      const listening =
        await ("path" in place ? listenAtPath(server, place) : listenAtPort(server, place));
      if (this.#isClosed) {
        return await listening.close();
      }
      this.#listening = listening;
      const open = this.#isOpen ? ", without a password, for whoever can connect" : "";
      say(`metrics at ${whereOf(listening)}${open}`);
    } catch (error) {
      if (isFirst) say(`no metrics: ${(error as Error).message}; trying again each minute`);
      if (this.#isClosed) return;
      this.#timer = setTimeout(() => void this.#try(false), againMs);
      this.#timer.unref();
    }
  }

  #meet(socket: Socket): void {
    if (this.#sockets.size >= DOOR_LIMITS.connections) {
      const [oldest] = this.#sockets;
      oldest?.destroy();
      this.#sockets.delete(oldest!);
    }
    this.#sockets.add(socket);
    const late = setTimeout(() => socket.destroy(), DOOR_LIMITS.lifeMs);
    socket.on("close", () => {
      clearTimeout(late);
      this.#sockets.delete(socket);
    });
    // Who has gone wants nothing more.
    socket.on("error", () => socket.destroy());
    let head = "";
    let isAnswered = false;
    socket.on("data", (bytes: Uint8Array) => {
      if (isAnswered) return;
      head += String.fromCharCode(...bytes.subarray(0, DOOR_LIMITS.request + 1 - head.length));
      const end = /\r?\n\r?\n/.exec(head)?.index ?? -1;
      if (end < 0 && head.length <= DOOR_LIMITS.request) return;
      isAnswered = true;
      const { text } = this.#options;
      const isLocal = this.#isPort && !this.#isOpen;
      socket.end(end < 0 ? tooLong() : answerTo(head.slice(0, end), { text, isLocal }));
    });
    socket.on("end", () => {
      if (!isAnswered) socket.destroy();
    });
  }
}

/** Whether an IP address is that of this host alone. */
export function isLoopback(host: string): boolean {
  return /^127\.|^(?:::1|(?:0+:){7}0*1)$/.test(host);
}

function whereOf({ place, shown }: Listening): string {
  return "path" in place ? shown : `http://${shown}${METRICS_PATH}`;
}
