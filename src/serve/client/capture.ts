/**
 * A server's events for who watches: line by line, or as those of a source.
 *
 * @module
 */
import { sinceBoot } from "../../model/boot.ts";
import { CommandError, EXIT } from "../../fault.ts";
import type { BootEpoch } from "../../model/batch.ts";
import type {
  CaptureHandlers,
  RunningCapture,
  SourceInfo,
  StartCapture,
} from "../../source/capture.ts";
import { SocketEvents } from "./events.ts";
import { type Answer, Connection } from "./socket_client.ts";

/** A server that says nothing for so long is left alone. */
const ANSWER_MS = 2000;
/** Seconds without an event after which a server says so: that ends a snapshot, too. */
const HEARTBEAT_S = 1;
/** What had happened when the watch ends is under way no longer than this. */
const SETTLE_MS = 200;

/** Who watches. */
export interface Watching {
  /** The server's socket. */
  readonly path: string;
  /** Why this program may not listen to the kernel itself. */
  readonly refused: string;
  /** The wall clock, milliseconds since the Unix epoch. */
  now(): number;
  /** Ends the wait for an answer. */
  readonly signal: AbortSignal;
}

/** What is to be told; as `subscribe` takes it. */
export interface Wish {
  readonly filter: Readonly<Record<string, unknown>>;
  /** Begins with the processes that run. */
  readonly snapshot: boolean;
}

/** The events of a server with the connector, from now on. */
export class Subscription {
  readonly info: SourceInfo;
  /** First group of the boot id. */
  readonly boot: string;
  /** The wall clock, milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly #connection: Connection;
  /** What was before this moment, as lines have it, is waited for; null as long as it goes on. */
  #stopAt: string | null = null;
  #settling: ReturnType<typeof setTimeout> | null = null;
  #over = false;

  private constructor(connection: Connection, hello: Answer, why: string, now: () => number) {
    this.#connection = connection;
    this.now = now;
    this.info = { source: "connector", why, isLimited: hello["privileged"] !== true };
    this.boot = String(hello["boot"]);
  }

  /** Subscribes; rejects with an Error that says why that cannot be, or would be no gain. */
  static async open({ path, refused, signal, now }: Watching, wish: Wish): Promise<Subscription> {
    const connection = await Connection.open(path);
    let isLate = false;
    const stop = () => connection.close();
    const timer = setTimeout(() => {
      isLate = true;
      stop();
    }, ANSWER_MS);
    signal.addEventListener("abort", stop);
    try {
      const hello = await connection.request("hello", { protocol: 1 });
      const source = String(hello["source"]);
      if (source !== "connector") throw new Error(`its server has the source ${source} itself`);
      await connection.request("subscribe", { ...wish, heartbeat: HEARTBEAT_S });
      return new Subscription(connection, hello, whyThrough(path, hello, refused), now);
    } catch (error) {
      connection.close();
      throw isLate ? new Error(`its server has not answered for ${ANSWER_MS} ms`) : error;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
    }
  }

  /** The lines that have come; null at the end. Rejects with CommandError when the server goes. */
  async take(): Promise<readonly string[] | null> {
    const lines = this.#over ? null : await this.#connection.take();
    const stopAt = this.#stopAt;
    if (lines !== null) {
      this.#over = stopAt !== null && lines.some((line) => timeOf(line) >= stopAt);
      return lines;
    }
    this.close();
    const { error } = this.#connection;
    if (error === null || stopAt !== null) return null;
    const what = `Cannot watch any longer: ${error.message}`;
    throw new CommandError(EXIT.failed, `${what}; run fh watch again`);
  }

  /** Ends it when the server has told what was before. */
  stop(): void {
    this.#stopAt ??= new Date(this.now()).toISOString().replace("Z", "000000Z");
    this.#settling ??= setTimeout(() => this.#connection.close(), SETTLE_MS);
  }

  /** Ends it at once. */
  close(): void {
    if (this.#settling !== null) clearTimeout(this.#settling);
    this.#connection.close();
  }
}

/** Makes a capture of a subscription to all events and what runs. */
export function captureOf(subscription: Subscription, epoch: BootEpoch): StartCapture {
  return (_options, handlers) => Promise.resolve(new SocketCapture(subscription, epoch, handlers));
}

/** A server's events, handed on as they come. */
class SocketCapture implements RunningCapture {
  readonly info: RunningCapture["info"];
  readonly began: RunningCapture["began"];
  readonly boot: string;
  readonly #subscription: Subscription;
  readonly #handlers: CaptureHandlers;
  readonly #events: SocketEvents;
  readonly #ended: Promise<void>;

  constructor(subscription: Subscription, epoch: BootEpoch, handlers: CaptureHandlers) {
    this.#subscription = subscription;
    this.#handlers = handlers;
    this.#events = new SocketEvents(epoch);
    this.info = subscription.info;
    this.began = { epoch, time: sinceBoot(subscription.now(), epoch) };
    this.boot = subscription.boot;
    this.#ended = this.#run().then(
      () => handlers.onEnd(null),
      (error: Error) => handlers.onEnd(error),
    ).finally(() => subscription.close());
  }

  async stop(): Promise<void> {
    this.#subscription.stop();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const events = this.#events;
    for (;;) {
      const lines = await this.#subscription.take();
      if (lines === null) return;
      for (const line of lines) events.add(line);
      for (const batch of events.take()) this.#handlers.onBatch(batch);
    }
  }
}

function whyThrough(path: string, hello: Answer, refused: string): string {
  const what = hello["history"] === true ? "fh record" : "fh serve";
  const all = hello["privileged"] === true
    ? ""
    : "; it tells of your own processes only, --source poll of all";
  return `through the socket ${path} of ${what} (pid ${hello["pid"]}), since ${refused}${all}`;
}

/** When a line's event was; times of one length are in order as texts. */
function timeOf(line: string): string {
  return /"time":"([^"]*)"/.exec(line)?.[1] ?? "";
}
