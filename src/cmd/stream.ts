/**
 * The output of a stream of changes: written at the reader's pace, never waited for.
 *
 * @module
 */
import type { BootEpoch } from "../model/batch.ts";
import { GAP_REASON } from "../model/event.ts";
import { Change } from "../model/machine.ts";
import type { Output } from "./command.ts";

/** Bytes that wait for a slow reader; what comes beyond is dropped and counted. */
const PENDING_MAX = 16 << 20;
/** Text gathered before it is handed on. */
const PIECE = 64 << 10;

/** Turns a change into a line. */
export interface LineWriter {
  line(change: Change, epoch: BootEpoch): string;
}

/** Writes changes as lines; a reader that is too slow finds a gap with the count of the dropped. */
export class ChangeStream {
  readonly #output: Output;
  readonly #writer: LineWriter;
  #text = "";
  #dropped = 0;

  constructor(output: Output, writer: LineWriter) {
    this.#output = output;
    this.#writer = writer;
  }

  /** Adds a change, or drops it while too much waits. */
  add(change: Change, epoch: BootEpoch): void {
    const room = this.#dropped > 0 ? PENDING_MAX / 2 : PENDING_MAX;
    if (this.#output.pendingBytes + this.#text.length > room) {
      this.#dropped++;
      return;
    }
    if (this.#dropped > 0) this.#tellDropped(change.time, epoch);
    this.#text += this.#writer.line(change, epoch);
    if (this.#text.length >= PIECE) this.flush();
  }

  /** Hands on what was gathered. */
  flush(): void {
    if (this.#text === "") return;
    this.#output.write(this.#text);
    this.#text = "";
  }

  /** Hands on the last: what was dropped is told even if nothing follows. */
  end(time: number, epoch: BootEpoch): void {
    if (this.#dropped > 0) this.#tellDropped(time, epoch);
    this.flush();
  }

  #tellDropped(time: number, epoch: BootEpoch): void {
    const gap = new Change();
    gap.time = time;
    gap.a = this.#dropped;
    gap.b = GAP_REASON.reader;
    this.#dropped = 0;
    this.#text += this.#writer.line(gap, epoch);
  }
}
