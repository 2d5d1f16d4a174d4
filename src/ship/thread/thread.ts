/**
 * The recorder's end of its shipping thread: starts it, and says what it says.
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import { workerAddress } from "../../../ffi/runtime.ts";
import { endShipState } from "../state.ts";
import type { ShipMessage, ShipSetup } from "./messages.ts";

/** A small heap, collected more often: an option of one runtime that the others leave aside. */
const SMALL = { smol: true };
/** A server that hangs does not hold up the end of who records. */
const END_MS = 1000;
/** A thread that has ended by itself is started again after so long. */
const AGAIN_MS = 60_000;

/** A running thread. */
export class ShipThread {
  readonly #setup: ShipSetup;
  readonly #say: (text: string) => void;
  #worker: Worker | null = null;
  #again: ReturnType<typeof setTimeout> | null = null;
  #ended = Promise.withResolvers<void>();
  #isClosing = false;

  constructor(setup: ShipSetup, say: (text: string) => void) {
    this.#setup = setup;
    this.#say = say;
    this.#start();
  }

  #start(): void {
    const source = new URL("./worker.ts", import.meta.url);
    const address = workerAddress(source, "src/ship/thread/worker.js");
    const worker = new Worker(address, { name: "ship", workerData: this.#setup, ...SMALL });
    this.#worker = worker;
    worker.unref();
    worker.on("message", (message: ShipMessage) => {
      if ("say" in message) this.#say(message.say);
      else this.#ended.resolve();
    });
    worker.on("error", (error: unknown) => this.#failed(worker, (error as Error).message));
  }

  #failed(worker: Worker, why: string): void {
    if (worker !== this.#worker) return;
    this.#worker = null;
    this.#ended.resolve();
    if (this.#isClosing) return;
    this.#say(`shipping has ended: ${why}; it begins again in ${AGAIN_MS / 1000}s`);
    this.#again = setTimeout(() => {
      this.#ended = Promise.withResolvers<void>();
      this.#start();
    }, AGAIN_MS);
    this.#again.unref();
  }

  /** Ends it; what it has in hand is left, and sent another time. */
  async close(): Promise<void> {
    this.#isClosing = true;
    if (this.#again !== null) clearTimeout(this.#again);
    const worker = this.#worker;
    if (worker === null) return;
    worker.postMessage("end");
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, END_MS);
    await Promise.race([this.#ended.promise, late.promise]);
    clearTimeout(timer);
    this.#worker = null;
    void worker.terminate();
    // On a busy host the last in line has not come to say so.
    endShipState(this.#setup.history, this.#setup.url, Date.now());
  }
}
