/**
 * A stream that keeps what it is sent, for tests of shipping.
 *
 * @module
 */
import { join } from "node:path";
import { openerOf, parseTarget } from "../../src/ship/open/targets.ts";
import { Progress } from "../../src/ship/progress.ts";
import { ship, type ShipOptions } from "../../src/ship/ship.ts";
import type { Parcel, ShippedGap } from "../../src/ship/sink.ts";
import { type Stream, StreamSink } from "../../src/ship/stream_sink.ts";

/** Whatever was sent to it, in order. */
export class TestStream implements Stream {
  readonly shown = "test://stream";
  readonly parcels: Parcel[] = [];
  /** What the next parcel runs into, after it was taken. */
  trouble: (() => void) | null = null;

  send(parcel: Parcel): Promise<number> {
    this.parcels.push(parcel);
    const { trouble } = this;
    this.trouble = null;
    trouble?.();
    return Promise.resolve(0);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** pids of the lives that came, in order. */
  get pids(): number[] {
    return this.parcels.flatMap(({ lives }) => lives.map(({ pid }) => pid));
  }

  get gaps(): ShippedGap[] {
    return this.parcels.flatMap(({ boots }) => boots.flatMap(({ gaps }) => gaps));
  }
}

/** How far a history came, in a folder beside it if no other is given. */
export function progressOf(
  { path, folder }: { readonly path: string; readonly folder: string },
  its: string = join(folder, "ship"),
): Progress {
  return new Progress(its, "test://stream", path);
}

/** What a shipment has told. */
export interface ShippedLives {
  lives: number;
  forgotten: number;
  refused: number;
  readonly failures: string[];
}

/** Who ships in these tests. */
export const HOST = { machine: "0".repeat(32), name: "web1", version: "0" };

/** Ships a history to a stream. */
export async function shipTo(
  stream: Stream,
  progress: Progress,
  path: string,
  given: Partial<ShipOptions> = {},
): Promise<ShippedLives> {
  const open = () => Promise.resolve(new StreamSink(stream, progress, HOST));
  return await shipBy(open, path, given);
}

/** Ships a history to what a URL names, as `fh ship --to` does. */
export async function shipToUrl(
  url: string,
  { path, folder }: { readonly path: string; readonly folder: string },
  { env = {}, notes = [], ...given }: Partial<ShipOptions> & {
    readonly env?: Readonly<Record<string, string>>;
    readonly notes?: string[];
  } = {},
): Promise<ShippedLives> {
  const world = {
    env,
    host: HOST,
    history: path,
    folder: join(folder, "ship"),
    note: (text: string) => notes.push(text),
  };
  return await shipBy(await openerOf(parseTarget(url), world), path, given);
}

async function shipBy(
  open: ShipOptions["open"],
  path: string,
  given: Partial<ShipOptions>,
): Promise<ShippedLives> {
  const told: ShippedLives = { lives: 0, forgotten: 0, refused: 0, failures: [] };
  await ship({
    path,
    open,
    argv: true,
    rate: 1e6,
    once: true,
    accepts: null,
    stays: false,
    signal: new AbortController().signal,
    ...given,
  }, {
    begun() {},
    round({ lives, forgotten, refused }) {
      told.lives += lives;
      told.refused += refused;
      told.forgotten += forgotten;
    },
    failed: (message) => told.failures.push(message),
  });
  return told;
}
