/**
 * The other end of the capture thread: starts it, takes its batches, stops it.
 *
 * @module
 */
import process from "node:process";
import { Worker } from "node:worker_threads";
import type { Libc } from "../../ffi/libc.ts";
import { openLibc } from "../../ffi/mod.ts";
import { compileEagerly, workerAddress } from "../../ffi/runtime.ts";
import {
  type CaptureHandlers,
  type CaptureOptions,
  CONTROL,
  kibOf,
  type RunningCapture,
  type SourceInfo,
  SourceRefused,
  type StartCapture,
  type WorkerMessage,
  type WorkerSetup,
} from "./capture.ts";

/** A small heap, collected more often: an option of one runtime that the others leave aside. */
const SMALL = { smol: true };

type Opened = Extract<WorkerMessage, { type: "opened" }>;

/** A running capture thread. */
export class CaptureThread implements RunningCapture {
  readonly info: SourceInfo;
  readonly began: RunningCapture["began"];
  until: number | null = null;
  readonly #control: Int32Array;
  readonly #opened: Opened;
  readonly #libc: Libc;
  readonly #ended: Promise<number | null>;
  readonly #sayFarewell = () => this.#farewell();

  private constructor(
    libc: Libc,
    control: Int32Array,
    opened: Opened,
    ended: Promise<number | null>,
  ) {
    this.#libc = libc;
    this.#control = control;
    this.#opened = opened;
    this.#ended = ended;
    this.info = opened.info;
    this.began = { epoch: opened.epoch, time: opened.time };
    // However the program ends, the kernel must hear that nobody listens any more.
    process.on("exit", this.#sayFarewell);
    void ended.then(() => this.#release());
  }

  /** Starts the thread; rejects with SourceRefused where the host allows no such source. */
  static start(options: CaptureOptions, handlers: CaptureHandlers): Promise<CaptureThread> {
    return CaptureThread.#begin(startWorker(), options, handlers);
  }

  /**
   * Starts the thread's runtime, which takes as long as loading the command that wants it. It
   * begins when it is told how; unused, it does not keep the program.
   */
  static prepare(): StartCapture {
    const prepared = startWorker();
    prepared.unref();
    let isFree = true;
    // Another one is told why, if that is so still.
    prepared.on("error", () => isFree = false);
    return (options, handlers) => {
      const worker = isFree ? prepared : startWorker();
      isFree = false;
      worker.ref();
      return CaptureThread.#begin(worker, options, handlers);
    };
  }

  static async #begin(
    worker: Worker,
    options: CaptureOptions,
    handlers: CaptureHandlers,
  ): Promise<CaptureThread> {
    compileEagerly();
    const control = new SharedArrayBuffer(CONTROL.count * 4);
    const setup: WorkerSetup = { options, control };
    worker.postMessage(setup);
    const counters = new Int32Array(control);
    const { promise: ended, resolve: end } = Promise.withResolvers<number | null>();
    const { promise: opened, resolve: open, reject } = Promise.withResolvers<Opened>();

    // Whoever waits for it is told; it may be refused before.
    opened.catch(() => {});
    let isOpen = false;
    const finish = (error: Error | null, until: number | null = null) => {
      end(until);
      void worker.terminate();
      // Whoever could not start it is told by the rejection alone.
      if (isOpen) handlers.onEnd(error);
    };
    const receive = (message: ArrayBuffer | WorkerMessage) => {
      if (message instanceof ArrayBuffer) {
        handlers.onBatch(message);
        Atomics.add(counters, CONTROL.consumedKib, kibOf(message));
      } else if (message.type === "note") {
        handlers.onNote?.(message.text);
      } else if (message.type === "opened") {
        isOpen = true;
        open(message);
        worker.off("error", reject);
      } else {
        if (message.type === "closed") return finish(null, message.until);
        const error = failure(message);
        reject(error);
        finish(error);
      }
    };
    worker.on("message", receive);
    worker.on("error", reject);
    worker.on("error", (error: unknown) => finish(error as Error));
    const libc = await openLibc();
    return new CaptureThread(libc, counters, await opened, ended);
  }

  /** Ends the capture; resolves when the last batch has been handed over. */
  async stop(): Promise<void> {
    if (Atomics.exchange(this.#control, CONTROL.stop, 1) === 0) {
      Atomics.notify(this.#control, CONTROL.stop);
      this.#libc.write(this.#opened.wake, new Uint8Array(new BigUint64Array([1n]).buffer));
    }
    this.until = await this.#ended;
  }

  #farewell(): void {
    const { farewell } = this.#opened;
    if (farewell !== null) this.#libc.send(farewell.fd, farewell.message, 0);
  }

  /** The thread leaves both descriptors open, so that their numbers stay ours until here. */
  #release(): void {
    process.off("exit", this.#sayFarewell);
    const { farewell, wake } = this.#opened;
    if (farewell !== null) this.#libc.close(farewell.fd);
    this.#libc.close(wake);
  }
}

function startWorker(): Worker {
  const source = new URL("./worker.ts", import.meta.url);
  return new Worker(workerAddress(source, "src/source/worker.js"), { name: "capture", ...SMALL });
}

function failure(message: Extract<WorkerMessage, { type: "failed" }>): Error {
  const error = message.advice === null
    ? new Error(message.message)
    : new SourceRefused(message.message, message.advice);
  if (message.stack !== null) error.stack = message.stack;
  return error;
}
