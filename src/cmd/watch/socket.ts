/**
 * `fh watch` through the socket of a server.
 *
 * @module
 */
import { EVENT_NAMES } from "../../ask/text/values.ts";
import type { Context } from "../../cli/command.ts";
import type { BootEpoch } from "../../model/batch.ts";
import { decodeText } from "../../model/image.ts";
import { INIT_NS_INO, parseNamespace } from "../../proc/namespaces.ts";
import { openProcfs, type ProcReader } from "../../proc/procfs.ts";
import { captureOf, Subscription, type Watching, type Wish } from "../../serve/client/capture.ts";
import { RequestError } from "../../serve/client/socket_client.ts";
import type { StartCapture } from "../../source/capture.ts";
import { readEpoch } from "../asking.ts";

/** What a machine of one's own needs to know. */
const ALL: Wish = { filter: { event: EVENT_NAMES }, snapshot: true };
/** A filter that a server does not take: it has limits of its own, and other patterns. */
const NOT_TAKEN: readonly string[] = ["EFAULT", "EUSERS"];

/** A server that may be watched through. */
export class WatchedServer {
  readonly #watching: Watching;
  readonly epoch: BootEpoch;

  private constructor(watching: Watching, epoch: BootEpoch) {
    this.#watching = watching;
    this.epoch = epoch;
  }

  /** Rejects with an Error that says why it is none; `refused` is why there is no connector. */
  static async find(context: Context, path: string, refused: string): Promise<WatchedServer> {
    const { procRoot, signal, now } = context;
    checkNamespace(openProcfs(procRoot));
    return new WatchedServer({ path, refused, signal, now }, await readEpoch(context));
  }

  /** Its events as those of a source; rejects with an Error that says why that cannot be. */
  async capture(): Promise<StartCapture> {
    return captureOf(await Subscription.open(this.#watching, ALL), this.epoch);
  }

  /** Its lines of what is wished for; null where it does not take such a filter. */
  async lines(wish: Wish): Promise<Subscription | null> {
    try {
      return await Subscription.open(this.#watching, wish);
    } catch (error) {
      if (error instanceof RequestError && NOT_TAKEN.includes(error.error)) return null;
      throw error;
    }
  }
}

/** A server with the connector is in the initial namespace, and so are the pids that it tells. */
function checkNamespace(reader: ProcReader): void {
  const link = reader.link("self", "ns/pid");
  const inode = link === null ? null : parseNamespace(decodeText(link));
  if (inode === null || inode === INIT_NS_INO.pid) return;
  throw new Error("this is another pid namespace, where the pids of its server mean nothing");
}
