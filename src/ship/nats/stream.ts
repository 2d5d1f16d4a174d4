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
import { type Refused, refusedWords } from "../refused.ts";
import { AcknowledgedPublisher, type TooLong } from "./acknowledged.ts";
import {
  connectFailure,
  isTooLong,
  publishFailure,
  saidBy,
  type StreamFacts,
  whyNobody,
} from "./failure.ts";
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
/** Headers of a message without the names in them; the limit of a stream counts headers. */
const HEADERS_BYTES = 128;
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
  readonly #note: (text: string) => void;
  readonly #signal: AbortSignal;
  /** Bytes of the headers of a message at most. */
  readonly #headers: number;
  #isLetIn = false;
  /** Whether it was asked how long messages may be. */
  #isAsked = false;

  private constructor(
    connection: NatsConnection,
    place: NatsPlace,
    host: string,
    users: Users,
    reached: Reached,
    note: (text: string) => void,
    signal: AbortSignal,
  ) {
    this.#connection = connection;
    this.#client = jetstream(connection, { timeout: ANSWER_MS });
    this.#place = place;
    this.#subject = subjectOf(place, host);
    this.#publisher = new AcknowledgedPublisher(connection, place.stream, this.#subject);
    const most = (connection.info?.max_payload ?? 1 << 20) - HEAD_BYTES;
    this.#messages = new Messages(host, users, most);
    this.#headers = HEADERS_BYTES + Buffer.byteLength(place.stream) + Buffer.byteLength(host);
    this.#reached = reached;
    this.#note = note;
    this.#signal = signal;
  }

  /**
   * Connects, as who the place says; `note` is told what the stream never takes. Throws
   * CommandError.
   */
  static async open(
    place: NatsPlace,
    host: string,
    users: Users,
    reached: Reached,
    note: (text: string) => void,
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
      return new NatsStream(connection, place, host, users, reached, note, signal);
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

  async send(parcel: Parcel): Promise<number> {
    const refused: Refused = { count: 0, first: null, why: "" };
    let some: Message[] = [];
    let bytes = 0;
    try {
      for (const message of this.#messages.of(parcel)) {
        bytes += message.body.length;
        if (some.push(message) < UNACKNOWLEDGED_MAX && bytes < BYTES_MAX) continue;
        await this.#publishCut(some, refused);
        [some, bytes] = [[], 0];
      }
      await this.#publishCut(some, refused);
    } finally {
      if (refused.count > 0) this.#note(refusedWords(this.shown, "message", refused));
    }
    return refused.count;
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  /**
   * Those that are too long are sent with less text, and less again. One that is too long without
   * any is left out: whoever kept it would never come to the next.
   */
  async #publishCut(messages: readonly Message[], refused: Refused): Promise<void> {
    let tooLong = await this.#publish(messages);
    while (tooLong.length > 0) {
      if (!this.#isAsked) {
        const { most } = await this.#look();
        this.#isAsked = true;
        if (most !== null) {
          this.#messages.most = Math.min(this.#messages.most, most - this.#headers);
        }
      }
      const shorter: Message[] = [];
      for (const { message, error } of tooLong) {
        const { most } = this.#messages;
        const { length } = message.body;
        const cut = this.#messages.shorter(message, most < length ? most : length >> 1);
        if (cut !== null) {
          shorter.push(cut);
          continue;
        }
        // Where nothing was ever taken, it is the limit that is wrong.
        if (!this.#reached.once) throw publishFailure(this.#place, this.#subject, error)!;
        refused.count++;
        refused.first ??= message.id;
        refused.why = saidBy(error);
      }
      tooLong = await this.#publish(shorter);
    }
  }

  /** Those that are too long come back, all others are acknowledged. */
  async #publish(messages: readonly Message[]): Promise<TooLong[]> {
    const signal = this.#signal;
    if (signal.aborted) throw new Stopped(String(signal.reason));
    const stop = () => void this.#connection.close();
    signal.addEventListener("abort", stop);
    try {
      const bytes = messages.reduce((sum, { body }) => sum + HEAD_BYTES + body.length, 0);
      const timeout = ANSWER_MS + Math.ceil(bytes / SLOWEST);
      const tooLong: TooLong[] = [];
      let alone = 0;
      // Why nobody may publish, the client tells of what is asked one by one.
      for (; !this.#isLetIn && alone < messages.length; alone++) {
        tooLong.push(...await this.#publishAlone(messages[alone]!, timeout));
      }
      tooLong.push(...await this.#publisher.publish(messages.slice(alone), timeout));
      if (tooLong.length < messages.length) this.#reached.once = true;
      return tooLong;
    } catch (error) {
      if (signal.aborted) throw new Stopped(String(signal.reason));
      throw publishFailure(this.#place, this.#subject, error) ??
        whyNobody(this.#place, this.#subject, await this.#look(), this.#reached.once);
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  async #publishAlone(message: Message, timeout: number): Promise<TooLong[]> {
    const { id, body } = message;
    const expect = { streamName: this.#place.stream };
    try {
      await this.#client.publish(this.#subject, body, { msgID: id, timeout, expect });
    } catch (error) {
      if (!isTooLong(error)) throw error;
      return [{ message, error }];
    }
    this.#isLetIn = true;
    return [];
  }

  /** Asks JetStream for the stream. */
  async #look(): Promise<StreamFacts> {
    const name = `$JS.API.STREAM.INFO.${this.#place.stream}`;
    try {
      const answer = await this.#connection.request(name, undefined, { timeout: ANSWER_MS });
      const { error, config } = answer.json<StreamInfo>();
      if (error?.code === NOT_FOUND) return { isThere: true, subjects: null, most: null };
      const most = config?.max_msg_size ?? -1;
      return {
        isThere: error === undefined,
        subjects: config?.subjects ?? [],
        most: most > 0 ? most : null,
      };
    } catch {
      return { isThere: false, subjects: null, most: null };
    }
  }
}

/** What of an answer to $JS.API.STREAM.INFO matters. */
interface StreamInfo {
  readonly error?: { readonly code: number };
  readonly config?: { readonly subjects?: readonly string[]; readonly max_msg_size?: number };
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
