/**
 * A stream of NATS JetStream: the only place that knows its client.
 *
 * @module
 */
import { jetstream, type JetStreamClient } from "@nats-io/jetstream";
import {
  type Authenticator,
  connect,
  credsAuthenticator,
  type NatsConnection,
  nkeyAuthenticator,
  type TlsOptions,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from "@nats-io/transport-node";
import { Stopped } from "../../fault.ts";
import type { Users } from "../../proc/passwd.ts";
import type { Parcel } from "../sink.ts";
import type { Stream } from "../stream_sink.ts";
import { AcknowledgedPublisher } from "./acknowledged.ts";
import { connectFailure, publishFailure, type StreamFacts, whyNobody } from "./failure.ts";
import { type Message, Messages } from "./messages.ts";
import { type NatsPlace, type NatsSecrets, subjectOf } from "./place.ts";

/** How long it may take until a server answers at all, and until a message is acknowledged. */
const CONNECT_MS = 15_000;
const ANSWER_MS = 15_000;
/** So many messages wait for their acknowledgements at the most, and about so many bytes. */
const UNACKNOWLEDGED_MAX = 1024;
const BYTES_MAX = 4 << 20;
/** For the subject and the headers of a message. */
const HEAD_BYTES = 1024;
/** A network that carries less than so many bytes a millisecond is of no use. */
const SLOWEST = 16;
const NOT_FOUND = 404;

/** What of streams was reached in this process: what was there once may come back. */
export interface Reached {
  once: boolean;
}

/** One session with a stream. */
export class NatsStream implements Stream {
  readonly #connection: NatsConnection;
  readonly #client: JetStreamClient;
  readonly #publisher: AcknowledgedPublisher;
  readonly #place: NatsPlace;
  readonly #subject: string;
  readonly #messages: Messages;
  readonly #reached: Reached;
  readonly #signal: AbortSignal;
  #isLetIn = false;

  private constructor(
    connection: NatsConnection,
    place: NatsPlace,
    host: string,
    users: Users,
    reached: Reached,
    signal: AbortSignal,
  ) {
    this.#connection = connection;
    this.#client = jetstream(connection, { timeout: ANSWER_MS });
    this.#place = place;
    this.#subject = subjectOf(place, host);
    this.#publisher = new AcknowledgedPublisher(connection, place.stream, this.#subject);
    const most = (connection.info?.max_payload ?? 1 << 20) - HEAD_BYTES;
    this.#messages = new Messages(host, users, most);
    this.#reached = reached;
    this.#signal = signal;
  }

  /** Connects, as who the place says. Throws CommandError. */
  static async open(
    place: NatsPlace,
    host: string,
    users: Users,
    reached: Reached,
    signal: AbortSignal,
  ): Promise<NatsStream> {
    const connecting = connect({
      servers: place.server,
      name: "fh",
      timeout: CONNECT_MS,
      // Another session goes on from what was acknowledged.
      reconnect: false,
      ignoreClusterUpdates: true,
      noAsyncTraces: true,
      ...authentication(place.secrets),
      ...tlsOf(place),
    });
    const stopped = Promise.withResolvers<never>();
    const stop = () => stopped.reject(new Stopped(String(signal.reason)));
    signal.addEventListener("abort", stop);
    try {
      const connection = await Promise.race([connecting, stopped.promise]);
      return new NatsStream(connection, place, host, users, reached, signal);
    } catch (error) {
      if (!(error instanceof Stopped)) throw connectFailure(place, error);
      // Whoever answers after all is left.
      connecting.then((connection) => connection.close()).catch(() => {});
      throw error;
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  get shown(): string {
    return `${this.#place.shown} (${this.#subject})`;
  }

  async send(parcel: Parcel): Promise<void> {
    let some: Message[] = [];
    let bytes = 0;
    for (const message of this.#messages.of(parcel)) {
      bytes += message.body.length;
      if (some.push(message) < UNACKNOWLEDGED_MAX && bytes < BYTES_MAX) continue;
      await this.#publish(some);
      [some, bytes] = [[], 0];
    }
    await this.#publish(some);
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  async #publish(messages: readonly Message[]): Promise<void> {
    const signal = this.#signal;
    if (signal.aborted) throw new Stopped(String(signal.reason));
    const stop = () => void this.#connection.close();
    signal.addEventListener("abort", stop);
    try {
      const bytes = messages.reduce((sum, { body }) => sum + HEAD_BYTES + body.length, 0);
      const timeout = ANSWER_MS + Math.ceil(bytes / SLOWEST);
      // Why nobody may publish, the client tells of what is asked one by one.
      const alone = this.#isLetIn ? 0 : 1;
      for (const { id, body } of messages.slice(0, alone)) {
        const expect = { streamName: this.#place.stream };
        await this.#client.publish(this.#subject, body, { msgID: id, timeout, expect });
        this.#isLetIn = true;
      }
      await this.#publisher.publish(messages.slice(alone), timeout);
      this.#reached.once = true;
    } catch (error) {
      if (signal.aborted) throw new Stopped(String(signal.reason));
      throw publishFailure(this.#place, this.#subject, error) ??
        whyNobody(this.#place, this.#subject, await this.#look(), this.#reached.once);
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  /** Asks JetStream for the stream. */
  async #look(): Promise<StreamFacts> {
    const name = `$JS.API.STREAM.INFO.${this.#place.stream}`;
    try {
      const answer = await this.#connection.request(name, undefined, { timeout: ANSWER_MS });
      const { error, config } = answer.json<StreamInfo>();
      if (error?.code === NOT_FOUND) return { isThere: true, subjects: null };
      return { isThere: error === undefined, subjects: config?.subjects ?? [] };
    } catch {
      return { isThere: false, subjects: null };
    }
  }
}

/** What of an answer to $JS.API.STREAM.INFO matters. */
interface StreamInfo {
  readonly error?: { readonly code: number };
  readonly config?: { readonly subjects?: readonly string[] };
}

function authentication(
  { creds, seed, user, password, token }: NatsSecrets,
): { readonly authenticator?: Authenticator } {
  const encoder = new TextEncoder();
  if (creds !== null) return { authenticator: credsAuthenticator(encoder.encode(creds)) };
  if (seed !== null) return { authenticator: nkeyAuthenticator(encoder.encode(seed)) };
  if (user !== null) {
    return { authenticator: usernamePasswordAuthenticator(user, password ?? undefined) };
  }
  return token === null ? {} : { authenticator: tokenAuthenticator(token) };
}

function tlsOf({ tls, host, tlsTexts }: NatsPlace): { readonly tls?: TlsOptions } {
  const { ca } = tlsTexts;
  if (tls === null && ca === null) return {};
  const given = Object.entries(tlsTexts).filter(([, text]) => text !== null);
  // Whom the certificate is to name where that is an address; else one for localhost would do.
  const name = { host: host.replace(/^\[|\]$/g, "") };
  return { tls: { ...name, ...Object.fromEntries(given) } as TlsOptions };
}
