/**
 * The main thread's end of the socket thread: starts it, hears of requests, hands over what is to
 * be sent.
 *
 * @module
 */
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { check } from "../../ffi/errno.ts";
import type { Libc } from "../../ffi/libc.ts";
import { NOTIFY } from "../../ffi/linux.ts";
import { openLibc } from "../../ffi/mod.ts";
import { workerAddress } from "../../ffi/runtime.ts";
import {
  type ClientCounts,
  CONTROL,
  type ServeCommand,
  type ServeHandlers,
  type ServeReport,
  type ServeSetup,
} from "./messages.ts";
import type { ChunkMeta } from "./outbox.ts";

/** A small heap, collected more often: an option of one runtime that the others leave aside. */
const SMALL = { smol: true };
const ONE = new Uint8Array(new BigUint64Array([1n]).buffer);

/** What the thread serves. */
export interface ServeOptions {
  /** Descriptors that listen and do not block; they are given away to the thread. */
  readonly listeners: readonly number[];
  /** Name of the source, for gaps. */
  readonly source: string;
  /** The server's user, whose connections are limited only in all. */
  readonly euid: number;
}

/** Who is told; nothing is told after {@linkcode ThreadHandlers.onFailed}. */
export interface ThreadHandlers extends ServeHandlers {
  /** The thread has ended by itself: nobody is served any more. */
  onFailed(error: Error): void;
}

/** A call that the thread has not answered yet. */
type Call = (counts: Map<number, ClientCounts>) => void;

/** A running socket thread. Numbers of clients that are gone are ignored everywhere. */
export class ServerThread {
  readonly #libc: Libc;
  readonly #handlers: ThreadHandlers;
  readonly #wake: number;
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #control = new Int32Array(new SharedArrayBuffer(CONTROL.count * 4));
  readonly #calls = new Map<number, Call>();
  readonly #started = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  #lastCall = 0;
  #sentBytes = 0;
  #isStarted = false;
  #isClosing = false;
  #isOver = false;

  /** Starts the thread; rejects when it cannot serve. */
  static async start(options: ServeOptions, handlers: ThreadHandlers): Promise<ServerThread> {
    const thread = new ServerThread(await openLibc(), options, handlers);
    await thread.#started.promise;
    return thread;
  }

  private constructor(libc: Libc, options: ServeOptions, handlers: ThreadHandlers) {
    this.#libc = libc;
    this.#handlers = handlers;
    this.#wake = check("make an eventfd", libc.eventfd(NOTIFY.EFD_CLOEXEC | NOTIFY.EFD_NONBLOCK));
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const { listeners, source, euid } = options;
    const control = this.#control.buffer as SharedArrayBuffer;
    const setup: ServeSetup = { port: port2, control, wake: this.#wake, listeners, source, euid };
    const address = workerAddress(new URL("./worker.ts", import.meta.url), "src/serve/worker.js");
    this.#worker = new Worker(address, { workerData: setup, transferList: [port2], ...SMALL });
    this.#worker.on("message", (reports: ServeReport[]) => {
      for (const report of reports) this.#receive(report);
    });
    this.#worker.on("error", (error: unknown) => void this.#finish(error as Error));
  }

  /** Bytes of chunks that the thread has not taken yet. */
  get unreadBytes(): number {
    return (this.#sentBytes - Atomics.load(this.#control, CONTROL.takenBytes)) >>> 0;
  }

  /** Answers the oldest request of a client; `line` has no newline. */
  answer(client: number, line: string): void {
    this.#post({ type: "answer", client, line });
  }

  /** Sends lines of events to several clients. The buffer below `chunk` is given away. */
  send(clients: readonly number[], chunk: Uint8Array, meta: ChunkMeta): void {
    if (this.#isClosing || this.#isOver) return;
    this.#sentBytes = (this.#sentBytes + chunk.length) >>> 0;
    const { byteOffset: offset, length } = chunk;
    const buffer = chunk.buffer as ArrayBuffer;
    this.#post({ type: "send", clients, buffer, offset, length, meta }, [buffer]);
  }

  /**
   * The client has a subscription: it stays when it has shut down its writing side. To be said
   * before its last request is answered.
   */
  keep(client: number): void {
    this.#post({ type: "keep", client });
  }

  /** Closes the connection when what waits for it has gone out. */
  disconnect(client: number): void {
    this.#post({ type: "disconnect", client });
  }

  /** Resolves when less than 256 KiB wait for the client, or when it is gone. */
  async ready(client: number): Promise<void> {
    await this.#call((call) => ({ type: "ready", client, call }));
  }

  /** What was sent to each client that is connected. */
  counts(): Promise<Map<number, ClientCounts>> {
    return this.#call((call) => ({ type: "counts", call }));
  }

  /**
   * Has `tag` told once when the process has ended. The descriptor may be used until unwatch(),
   * which closes it.
   */
  watch(pidfd: number, tag: number): void {
    this.#post({ type: "watch", pidfd, tag });
  }

  /** Ends a watch, and closes the descriptor; its onDied() may be under way already. */
  unwatch(pidfd: number): void {
    this.#post({ type: "unwatch", pidfd });
  }

  /**
   * Sends what clients take at once, closes all connections and what listens, and ends the
   * thread. What was handed over before is still done; nothing after it.
   */
  close(): Promise<void> {
    this.#post({ type: "close" });
    this.#isClosing = true;
    return this.#ended.promise;
  }

  #post(command: ServeCommand, transfer: ArrayBuffer[] = []): void {
    if (this.#isClosing || this.#isOver) return;
    this.#port.postMessage(command, transfer);
    if (Atomics.exchange(this.#control, CONTROL.woken, 1) === 0) this.#libc.write(this.#wake, ONE);
  }

  #call(command: (call: number) => ServeCommand): Promise<Map<number, ClientCounts>> {
    if (this.#isClosing || this.#isOver) return Promise.resolve(new Map());
    const call = ++this.#lastCall;
    const { promise, resolve } = Promise.withResolvers<Map<number, ClientCounts>>();
    this.#calls.set(call, resolve);
    this.#post(command(call));
    return promise;
  }

  #receive(report: ServeReport): void {
    switch (report.type) {
      case "started":
        this.#isStarted = true;
        return this.#started.resolve();
      case "connect":
        return this.#handlers.onConnect(report.peer);
      case "request":
        return this.#handlers.onRequest(report.client, report.line);
      case "disconnect":
        return this.#handlers.onDisconnect(report.client);
      case "died":
        return this.#handlers.onDied(report.tag);
      case "ready":
        return this.#settle(report.call, new Map());
      case "counts":
        return this.#settle(report.call, new Map(report.counts));
      case "failed": {
        const error = new Error(report.message);
        if (report.stack !== null) error.stack = report.stack;
        return void this.#finish(error);
      }
      case "closed":
        return void this.#finish(null);
    }
  }

  #settle(call: number, counts: Map<number, ClientCounts>): void {
    this.#calls.get(call)?.(counts);
    this.#calls.delete(call);
  }

  /** The eventfd is closed only now: its number must not be another's while the thread lives. */
  async #finish(error: Error | null): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const call of [...this.#calls.keys()]) this.#settle(call, new Map());
    this.#port.close();
    await this.#worker.terminate();
    this.#libc.close(this.#wake);
    if (error !== null && !this.#isStarted) this.#started.reject(error);
    else if (error !== null) this.#handlers.onFailed(error);
    this.#ended.resolve();
  }
}
