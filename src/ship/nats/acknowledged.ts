/**
 * Many messages at once to JetStream, and their acknowledgements: by one subscription and one
 * timer, where the client's own way has a timer, two promises and an error for each message.
 *
 * @module
 */
import { type ApiError, JetStreamApiError } from "@nats-io/jetstream";
import {
  createInbox,
  errors,
  headers,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
} from "@nats-io/transport-node";
import { isTooLong } from "./failure.ts";
import type { Message } from "./messages.ts";

/** Of an answer without a body: nobody takes that subject. */
const NO_RESPONDERS = 503;

/** A message that is longer than the server, or the stream, allows. */
export interface TooLong {
  readonly message: Message;
  readonly error: unknown;
}

/** What is waited for. */
interface Waiting {
  /** Those that are not acknowledged yet, by their numbers. */
  readonly left: Map<string, Message>;
  readonly tooLong: TooLong[];
  resolve(): void;
  reject(error: unknown): void;
}

/** Publishes to one stream. */
export class AcknowledgedPublisher {
  readonly #connection: NatsConnection;
  readonly #subject: string;
  readonly #inbox = createInbox();
  /** Those of the message that is sent next: the client writes them down at once. */
  readonly #headers: MsgHdrs = headers();
  #waiting: Waiting | null = null;
  #last = 0;

  constructor(connection: NatsConnection, stream: string, subject: string) {
    this.#connection = connection;
    this.#subject = subject;
    this.#headers.set("Nats-Expected-Stream", stream);
    connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => this.#answered(error, message),
    });
    connection.closed().then((error) => {
      this.#waiting?.reject(error ?? new errors.ClosedConnectionError());
    }).catch(() => {});
  }

  /**
   * Resolves when all of them are acknowledged but those that are too long, which come back. Throws
   * what the client throws for one.
   */
  async publish(messages: readonly Message[], timeoutMs: number): Promise<TooLong[]> {
    if (messages.length === 0) return [];
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const left = new Map<string, Message>();
    const tooLong: TooLong[] = [];
    this.#waiting = { left, tooLong, resolve, reject };
    const timer = setTimeout(() => reject(new errors.TimeoutError()), timeoutMs);
    try {
      for (const message of messages) {
        const { id, body } = message;
        const number = String(++this.#last);
        left.set(number, message);
        this.#headers.set("Nats-Msg-Id", id);
        const reply = `${this.#inbox}.${number}`;
        try {
          this.#connection.publish(this.#subject, body, { reply, headers: this.#headers });
        } catch (error) {
          if (!isTooLong(error)) throw error;
          left.delete(number);
          tooLong.push({ message, error });
        }
      }
      if (left.size > 0) await promise;
      return tooLong;
    } finally {
      clearTimeout(timer);
      this.#waiting = null;
    }
  }

  #answered(error: Error | null, message: Msg): void {
    const waiting = this.#waiting;
    if (waiting === null) return;
    if (error !== null) return waiting.reject(error);
    if (message.data.length === 0 && message.headers?.code === NO_RESPONDERS) {
      return waiting.reject(new errors.NoRespondersError(this.#subject));
    }
    const number = message.subject.slice(this.#inbox.length + 1);
    try {
      const { error: refusal } = message.json<{ readonly error?: ApiError }>();
      if (refusal !== undefined) {
        const thrown = new JetStreamApiError(refusal);
        const its = waiting.left.get(number);
        if (its === undefined || !isTooLong(thrown)) return waiting.reject(thrown);
        waiting.tooLong.push({ message: its, error: thrown });
      }
    } catch (thrown) {
      return waiting.reject(thrown);
    }
    waiting.left.delete(number);
    if (waiting.left.size === 0) waiting.resolve();
  }
}
