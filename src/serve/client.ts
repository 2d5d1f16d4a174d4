/**
 * One connection: what came and is not asked yet, what waits to be sent, and when it is over.
 *
 * @module
 */
import { ERRNO } from "../../ffi/errno.ts";
import type { Libc } from "../../ffi/libc.ts";
import { POLL, SOCKET } from "../../ffi/linux.ts";
import type { Peer } from "./messages.ts";
import type { Shares } from "../model/shares.ts";
import { LineBuffer } from "../text/line_buffer.ts";
import { LINE_MAX } from "./protocol.ts";
import type { Chunk, Outbox } from "./outbox.ts";

const { EPOLLIN, EPOLLOUT } = POLL;
const { MSG_DONTWAIT, MSG_NOSIGNAL } = SOCKET;

/** Bytes that are read at once. */
export const READ_MAX = 64 << 10;
const CHARACTER_BYTES = 2;

/** Limits of one client; src/serve/connections.ts says what they mean. */
export interface ClientLimits {
  readonly unanswered: number;
  readonly unansweredText: number;
  readonly answers: number;
  readonly ready: number;
}

/** What a client's owner decides. */
export interface ClientSetup {
  readonly limits: ClientLimits;
  /** Memory of requests, and the user in whose share that of this one counts. */
  readonly requests: Shares;
  readonly uid: number;
  onRequest(line: string | null): void;
}

/**
 * A connected client. Its owner tells it what epoll(7) said, calls
 * {@linkcode Client.flush} and {@linkcode Client.takeRequests} after anything happened, and then
 * looks at {@linkcode Client.isOver} and {@linkcode Client.wanted}.
 */
export class Client {
  /** Calls that wait until it is ready. */
  readonly calls: number[] = [];
  /** It has a subscription, which does not end with its requests. */
  kept = false;
  /** It is closed when what waits has gone out. */
  leaving = false;
  /** The kernel takes no more for it. */
  blocked = false;
  /** Events the epoll set has for it; null when it is not in there any more. */
  watchedFor: number | null = EPOLLIN;
  readonly #libc: Libc;
  readonly #lines = new LineBuffer(LINE_MAX);
  readonly #setup: ClientSetup;
  #unanswered = 0;
  /** Of the requests since none was unanswered. */
  #askedText = 0;
  /** What it holds of the memory for requests. */
  #charged = 0;
  /** Nothing comes any more. */
  #ended = false;
  /** Nothing reaches it any more. */
  #gone = false;

  constructor(
    libc: Libc,
    readonly fd: number,
    /** Its key in the epoll set. */
    readonly key: number,
    readonly peer: Peer,
    readonly outbox: Outbox,
    setup: ClientSetup,
  ) {
    this.#libc = libc;
    this.#setup = setup;
  }

  /** Nothing is left to do for it. */
  get isOver(): boolean {
    if (this.#gone) return this.leaving || this.#inputIsOver;
    if (this.outbox.waiting > 0) return false;
    return this.leaving || (this.#inputIsOver && this.#unanswered === 0 && !this.kept);
  }

  /** It may be sent more. */
  get isReady(): boolean {
    return this.#gone || this.outbox.waiting < this.#setup.limits.ready;
  }

  /** Events to wait for; null for none at all, since a hang-up would be told for ever. */
  get wanted(): number | null {
    if (this.#gone) return null;
    const reads = !this.#ended && this.#mayAsk && !this.isStarved;
    return (reads ? EPOLLIN : 0) | (this.blocked && this.outbox.waiting > 0 ? EPOLLOUT : 0);
  }

  /** Its user's share of the memory for requests is used up: it is not read from. */
  get isStarved(): boolean {
    const { requests, uid } = this.#setup;
    return !this.#ended && requests.left(uid) < READ_MAX;
  }

  /** Counts what its requests take in memory; `gone` when it takes nothing any more. */
  count(gone = false): void {
    const { requests, uid } = this.#setup;
    const now = gone ? 0 : this.#lines.room + this.#askedText * CHARACTER_BYTES;
    if (now > this.#charged) requests.charge(uid, now - this.#charged);
    else if (now < this.#charged) requests.give(uid, this.#charged - now);
    this.#charged = now;
  }

  /** The answer to one request. */
  answered(line: string): void {
    if (this.#unanswered > 0) this.#unanswered--;
    if (this.#unanswered === 0) this.#askedText = 0;
    if (!this.#gone && !this.leaving) this.outbox.answer(line);
  }

  /** Queues events; before any is dropped, the kernel is given what it takes. */
  event(chunk: Chunk): void {
    if (this.#gone || this.leaving) return;
    if (this.outbox.wouldDrop(chunk)) this.flush();
    if (!this.#gone) this.outbox.event(chunk);
  }

  /** The other end is closed: what it has asked before is still taken, answers are dropped. */
  hangUp(): void {
    this.#gone = true;
    this.outbox.clear();
  }

  /** Closes the connection at once: what waits is dropped, nothing more is taken. */
  cut(): void {
    this.leaving = true;
    this.hangUp();
  }

  /** Reads once; `into` is scratch. */
  receive(into: Uint8Array): void {
    const count = this.#libc.recv(this.fd, into, MSG_DONTWAIT);
    if (count > 0) {
      this.#lines.push(into.subarray(0, count));
    } else if (count === 0 || (count !== -ERRNO.EAGAIN && count !== -ERRNO.EINTR)) {
      if (count < 0) this.hangUp();
      this.#end();
    } else if (count === -ERRNO.EAGAIN && this.#gone) {
      // It has shut down its reading side alone; who hears no answer has no more to ask.
      this.#end();
    }
  }

  /** Tells requests while the client may ask; `into` is scratch. */
  takeRequests(into: Uint8Array): void {
    while (this.#mayAsk) {
      const line = this.#lines.next();
      if (line !== undefined) {
        this.#unanswered++;
        this.#askedText += line?.length ?? 0;
        this.#setup.onRequest(line);
      } else {
        // Nobody says when there is more to read of one who hung up: it lies there already.
        if (!this.#gone || this.#ended) return;
        this.receive(into);
      }
    }
  }

  /** Sends what the kernel takes. */
  flush(): void {
    while (!this.blocked) {
      const part = this.outbox.peek();
      if (part === null) return;
      const sent = this.#libc.send(this.fd, part, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent >= 0) this.outbox.advance(sent);
      else if (sent === -ERRNO.EAGAIN) this.blocked = true;
      else if (sent !== -ERRNO.EINTR) this.hangUp();
    }
  }

  #end(): void {
    this.#ended = true;
    this.#lines.end();
  }

  /** All requests were told. */
  get #inputIsOver(): boolean {
    return this.#ended && this.#lines.held === 0;
  }

  get #mayAsk(): boolean {
    const { unanswered, unansweredText, answers } = this.#setup.limits;
    return !this.leaving && this.#unanswered < unanswered && this.#askedText < unansweredText &&
      this.outbox.answerBytes <= answers;
  }
}
