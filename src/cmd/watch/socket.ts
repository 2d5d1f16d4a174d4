/**
 * `fh watch` through the socket of a server: its events as those of a source.
 *
 * @module
 */
import { EVENT_NAMES } from "../../ask/text/values.ts";
import type { Context } from "../../cli/command.ts";
import { CommandError, EXIT } from "../../fault.ts";
import type { BootEpoch } from "../../model/batch.ts";
import { decodeText } from "../../model/image.ts";
import { INIT_NS_INO, parseNamespace } from "../../proc/namespaces.ts";
import { openProcfs, type ProcReader } from "../../proc/procfs.ts";
import { type Answer, Connection } from "../../serve/client/socket_client.ts";
import type { CaptureHandlers, RunningCapture, StartCapture } from "../../source/capture.ts";
import { readEpoch } from "../asking.ts";
import { SocketEvents } from "../socket_events.ts";

/** A server that says nothing for so long is left alone. */
const ANSWER_MS = 2000;
/** Seconds without an event after which a server says so: that ends a snapshot, too. */
const HEARTBEAT_S = 1;
/** What had happened when the watch ends is under way no longer than this. */
const SETTLE_MS = 200;

/**
 * Makes a capture of a server's events; throws an Error that says why that cannot be, or would be
 * no gain. `refused` is why this program may not listen to the kernel itself.
 */
export async function socketCapture(
  context: Context,
  path: string,
  refused: string,
): Promise<StartCapture> {
  const { procRoot, signal } = context;
  checkNamespace(openProcfs(procRoot));
  const epoch = await readEpoch(context);
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
    const filter = { event: EVENT_NAMES };
    await connection.request("subscribe", { filter, snapshot: true, heartbeat: HEARTBEAT_S });
    return (_options, handlers) => {
      const why = whyThrough(path, hello, refused);
      return Promise.resolve(new SocketCapture(connection, hello, why, epoch, handlers));
    };
  } catch (error) {
    connection.close();
    throw isLate ? new Error(`its server has not answered for ${ANSWER_MS} ms`) : error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}

/** A server with the connector is in the initial namespace, and so are the pids that it tells. */
function checkNamespace(reader: ProcReader): void {
  const link = reader.link("self", "ns/pid");
  const inode = link === null ? null : parseNamespace(decodeText(link));
  if (inode === null || inode === INIT_NS_INO.pid) return;
  throw new Error("this is another pid namespace, where the pids of its server mean nothing");
}

function whyThrough(path: string, hello: Answer, refused: string): string {
  const what = hello["history"] === true ? "fh record" : "fh serve";
  const all = hello["privileged"] === true
    ? ""
    : "; it tells of your own processes only, --source poll of all";
  return `through the socket ${path} of ${what} (pid ${hello["pid"]}), since ${refused}${all}`;
}

/** A server's events, handed on as they come. */
class SocketCapture implements RunningCapture {
  readonly info: RunningCapture["info"];
  readonly began: RunningCapture["began"];
  readonly boot: string;
  readonly #connection: Connection;
  readonly #handlers: CaptureHandlers;
  readonly #events: SocketEvents;
  readonly #ended: Promise<void>;
  /** What was before this moment is waited for, nanoseconds since boot. */
  #stopAt = Infinity;

  constructor(
    connection: Connection,
    hello: Answer,
    why: string,
    epoch: BootEpoch,
    handlers: CaptureHandlers,
  ) {
    this.#connection = connection;
    this.#handlers = handlers;
    this.#events = new SocketEvents(epoch);
    this.info = { source: "connector", why };
    this.began = { epoch, time: this.#events.now() };
    this.boot = String(hello["boot"]);
    this.#ended = this.#run().then(
      () => handlers.onEnd(null),
      (error: Error) => handlers.onEnd(error),
    ).finally(() => connection.close());
  }

  /** Waits for what the server has yet to tell of the time before. */
  async stop(): Promise<void> {
    this.#stopAt = Math.min(this.#stopAt, this.#events.now());
    const timer = setTimeout(() => this.#connection.close(), SETTLE_MS);
    await this.#ended;
    clearTimeout(timer);
  }

  async #run(): Promise<void> {
    const connection = this.#connection;
    const events = this.#events;
    while (events.told < this.#stopAt) {
      const lines = await connection.take();
      if (lines === null) break;
      for (const line of lines) events.add(line);
      for (const batch of events.take()) this.#handlers.onBatch(batch);
    }
    if (connection.error === null || this.#stopAt !== Infinity) return;
    const { message } = connection.error;
    throw new CommandError(EXIT.failed, `Cannot watch any longer: ${message}; run fh watch again`);
  }
}
