/**
 * A sink that has no memory of its own: what only takes things, and a file that says how far it
 * came. After a crash between the two what was taken last is sent again.
 *
 * @module
 */
import type { Progress } from "./progress.ts";
import type { Acknowledged, Parcel, ShippingHost, Sink } from "./sink.ts";

/** Takes things, one after the other, each life once it has ended. */
export interface Stream {
  /** Where it is, for messages. */
  readonly shown: string;
  /**
   * When it resolves, all of it is acknowledged, but for so many that it will never take. Throws as
   * {@linkcode Sink.append} does.
   */
  send(parcel: Parcel): Promise<number>;
  close(): Promise<void>;
}

/** A stream, with the file of how far it came. */
export class StreamSink implements Sink {
  readonly taking = "ends";
  readonly #stream: Stream;
  readonly #progress: Progress;
  readonly #host: ShippingHost;

  constructor(stream: Stream, progress: Progress, host: ShippingHost) {
    this.#stream = stream;
    this.#progress = progress;
    this.#host = host;
  }

  get shown(): string {
    return this.#stream.shown;
  }

  acknowledged(): Promise<Acknowledged> {
    const { cursor, open } = this.#progress.read() ?? { cursor: null, open: [] };
    return Promise.resolve({ name: this.#host.name, cursor, open });
  }

  async append(parcel: Parcel): Promise<number> {
    // Nothing is sent while it cannot be written how far it came: that would be sent again.
    this.#progress.settle();
    const refused = await this.#stream.send(parcel);
    this.#progress.write({ cursor: parcel.cursor, open: parcel.open });
    return refused;
  }

  async close(): Promise<void> {
    await this.#stream.close();
  }
}
