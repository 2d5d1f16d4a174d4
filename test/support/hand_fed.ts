/**
 * A source whose events a test sends.
 *
 * @module
 */
import { BatchWriter, type BootEpoch } from "../../src/model/batch.ts";
import type { SourceEvent } from "../../src/model/event.ts";
import type { CaptureHandlers, StartCapture } from "../../src/source/capture.ts";

/** Captures what it is given, as if it came from a recording. */
export class HandFed {
  /** What is sent when the capture is stopped: it had that in hand. */
  last: readonly SourceEvent[] = [];
  readonly #epoch: BootEpoch;
  readonly #began: number;
  #handlers!: CaptureHandlers;

  /** `began` is when the capture begins, nanoseconds since boot. */
  constructor(epoch: BootEpoch, began: number) {
    this.#epoch = epoch;
    this.#began = began;
  }

  /** Starts it. */
  readonly start: StartCapture = (_options, handlers) => {
    this.#handlers = handlers;
    return Promise.resolve({
      info: { source: "replay", why: "a test feeds it" },
      began: { epoch: this.#epoch, time: this.#began },
      stop: () => {
        this.send(this.last);
        return Promise.resolve();
      },
    });
  };

  /** Tells events. */
  send(events: readonly SourceEvent[]): void {
    const writer = new BatchWriter();
    for (const event of events) writer.add(event);
    const batch = writer.take(Infinity, this.#epoch);
    if (batch !== null) this.#handlers.onBatch(batch);
  }

  /** Ends it. */
  fail(error: Error): void {
    this.#handlers.onEnd(error);
  }
}
