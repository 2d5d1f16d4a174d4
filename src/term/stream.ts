/**
 * The output of a stream of changes: written at the reader's pace, never waited for.
 *
 * @module
 */
import type { BootEpoch } from "../model/batch.ts";
import { GAP_REASON } from "../model/event.ts";
import { Change } from "../model/machine.ts";
import { ByteText } from "../text/byte_text.ts";
import type { Output } from "./output.ts";

/** Bytes that wait for a slow reader; what comes beyond is dropped and counted. */
const PENDING_MAX = 16 << 20;
/** Bytes that may wait when more is asked for. */
const READY_MAX = 4 << 20;
/** Text gathered before it is handed on. */
const PIECE = 64 << 10;

/** Appends a change as a line. */
export interface LineWriter {
  append(change: Change, epoch: BootEpoch, to: ByteText): void;
}

/** Writes changes as lines; a reader that is too slow finds a gap with the count of the dropped. */
export class ChangeStream {
  readonly #output: Output;
  readonly #writer: LineWriter;
  readonly #text = new ByteText(PIECE);
  #dropped = 0;
  #droppedSince = 0;
  /** Gaps that could not be told while changes were dropped; those without a count are apart. */
  readonly #untold = new Map<number, { readonly reason: number; lost: number; since: number }>();

  constructor(output: Output, writer: LineWriter) {
    this.#output = output;
    this.#writer = writer;
  }

  /** Adds a change, or drops it while too much waits. */
  add(change: Change, epoch: BootEpoch): void {
    const room = this.#dropped > 0 ? READY_MAX : PENDING_MAX;
    if (this.#output.pendingBytes + this.#text.length > room) {
      if (change.kind === "gap") this.#keepGap(change.b, change.a, change.since);
      else if (this.#dropped++ === 0) this.#droppedSince = change.time;
      return;
    }
    this.#tellDropped(change.time, epoch);
    this.#writer.append(change, epoch, this.#text);
    if (this.#text.length >= PIECE) this.flush();
  }

  /** Whether the reader keeps up, so that nothing has to be dropped. */
  get ready(): boolean {
    return this.#output.pendingBytes <= READY_MAX;
  }

  /** Hands on what was gathered. */
  flush(): void {
    if (this.#text.length > 0) this.#output.write(this.#text.take());
  }

  /** Hands on the last: what was dropped is told even if nothing follows. */
  end(time: number, epoch: BootEpoch): void {
    this.#tellDropped(time, epoch);
    this.flush();
  }

  #keepGap(reason: number, lost: number, since: number): void {
    const key = lost < 0 ? -1 - reason : reason;
    const before = this.#untold.get(key);
    if (before === undefined) this.#untold.set(key, { reason, lost, since });
    else if (lost >= 0) before.lost += lost;
  }

  #tellDropped(time: number, epoch: BootEpoch): void {
    if (this.#dropped > 0) this.#keepGap(GAP_REASON.reader, this.#dropped, this.#droppedSince);
    this.#dropped = 0;
    for (const { reason, lost, since } of this.#untold.values()) {
      const gap = new Change();
      gap.time = time;
      gap.since = Math.min(since, time);
      gap.a = lost;
      gap.b = reason;
      this.#writer.append(gap, epoch, this.#text);
    }
    this.#untold.clear();
  }
}
