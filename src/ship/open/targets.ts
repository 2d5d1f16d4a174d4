/**
 * Places that a history can be shipped to, by the schemes of their URLs. What a place needs is
 * loaded when it is opened.
 *
 * @module
 */
import { UsageError } from "../../fault.ts";
import { parseFleet } from "../../fleet/place.ts";
import { openUsers } from "../../proc/users.ts";
import { natsPlace, parseNats } from "../nats/place.ts";
import { otlpPlace, parseOtlp } from "../otlp/place.ts";
import { Progress } from "../progress.ts";
import type { ShippingHost, Sink } from "../sink.ts";
import { StreamSink } from "../stream_sink.ts";

/** What is there, beside the URL, where something is shipped to it. */
export interface ShippingWorld {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly host: ShippingHost;
  /** The history file. */
  readonly history: string;
  /** A folder of who ships, for how far it came: it is made where it is wanted. */
  readonly folder: string;
  /** Told what a sink has to say beside failures, one sentence at a time. */
  note(text: string): void;
}

/** Opens what is shipped to, for one session; called again after something broke. */
export type SinkOpener = (signal: AbortSignal) => Promise<Sink>;

/** A kind of place. */
interface Target {
  readonly schemes: readonly string[];
  /** How it is written. */
  readonly example: string;
  /** The URL, checked: without what is secret. Throws UsageError. */
  parse(text: string): string;
  opener(url: string, world: ShippingWorld): Promise<SinkOpener>;
}

const TARGETS: readonly Target[] = [
  {
    schemes: ["postgres", "postgresql"],
    example: "postgres://user@host/database",
    parse: parseFleet,
    async opener(url, { env, host }) {
      const { FleetSink } = await import("../../fleet/sink.ts");
      return (signal) => FleetSink.open(url, env, host, signal);
    },
  },
  {
    schemes: ["nats"],
    example: "nats://host/STREAM",
    parse: parseNats,
    async opener(url, { env, host, history, folder, note }) {
      const { NatsStream } = await import("../nats/stream.ts");
      const place = natsPlace(url, env);
      const progress = new Progress(folder, place.shown, history);
      const users = openUsers();
      const reached = { once: false };
      return async (signal) => {
        const stream = await NatsStream.open(place, host.name, users, reached, note, signal);
        return new StreamSink(stream, progress, host);
      };
    },
  },
  {
    schemes: ["otlp", "otlp+http", "otlp+https"],
    example: "otlp://host",
    parse: parseOtlp,
    async opener(url, { env, host, history, folder, note }) {
      const { newMemory, OtlpStream } = await import("../otlp/stream.ts");
      const place = otlpPlace(url, env);
      const progress = new Progress(folder, place.shown, history);
      const users = openUsers();
      const memory = newMemory();
      return (signal) => {
        const stream = new OtlpStream(place, host.name, users, memory, note, signal);
        return Promise.resolve(new StreamSink(stream, progress, host));
      };
    },
  },
];

/** Reads the URL of a place as an option has it. Throws UsageError. */
export function parseTarget(text: string): string {
  return targetOf(text).parse(text);
}

/** What opens a place that {@linkcode parseTarget} has read. Throws CommandError. */
export async function openerOf(url: string, world: ShippingWorld): Promise<SinkOpener> {
  return await targetOf(url).opener(url, world);
}

function targetOf(text: string): Target {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase();
  const found = TARGETS.find(({ schemes }) => schemes.includes(scheme ?? ""));
  if (found !== undefined) return found;
  const advice = `give ${TARGETS.map(({ example }) => example).join(" or ")}`;
  // A password may be in it.
  const shown = scheme === undefined ? "no URL" : `of the scheme ${scheme}`;
  throw new UsageError(`Bad target: it is ${shown}; ${advice}`);
}
