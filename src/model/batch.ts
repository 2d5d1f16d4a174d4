/**
 * Events between threads: fixed-size records in one transferable buffer, text only where there
 * is text.
 *
 * ```text
 * header, 64 bytes   f64 epochSeconds, f64 epochNs, i32 count
 * record, 64 bytes   f64 time, f64 start, f64 asOf,
 *                    i32 kind, flags, cpu, pid, tid, a, b, c, d, textAt (0: no text)
 * text               u32 length, then the bytes, padded to 8
 * ```
 *
 * @module
 */
import { type EventKind, SourceEvent } from "./event.ts";

const SIZE = 64;
const F64 = SIZE / 8;
const I32 = SIZE / 4;
/** Index of the first i32 field in a record. */
const INTS = 6;

/** Where the epoch lies: wall-clock time of an event is this plus its time since boot. */
export interface BootEpoch {
  /** Whole seconds from the Unix epoch to boot. */
  readonly seconds: number;
  /** Nanoseconds beyond `seconds`, 0 to 999 999 999. */
  readonly ns: number;
}

function padded(length: number): number {
  return (length + 7) & ~7;
}

/**
 * Records waiting to be handed over, kept in time order.
 *
 * Per-CPU streams arrive almost ordered; an insertion walks back only as far as two CPUs
 * disagree. Records younger than a horizon stay until the next take, because an older one may
 * still arrive from another CPU.
 */
export class BatchWriter {
  #records = new ArrayBuffer(256 * SIZE);
  #times = new Float64Array(this.#records);
  #ints = new Int32Array(this.#records);
  #texts: (Uint8Array | null)[] = [];
  #count = 0;
  #textBytes = 0;

  /** Number of waiting records. */
  get count(): number {
    return this.#count;
  }

  /** Time of the youngest of them; -1 when there is none. */
  get youngest(): number {
    return this.#count === 0 ? -1 : this.#times[(this.#count - 1) * F64]!;
  }

  /** Bytes of text that wait with them. */
  get textBytes(): number {
    return this.#textBytes;
  }

  /** Adds a copy of `event` (its text is not copied) at its place in time. */
  add(event: SourceEvent): void {
    if ((this.#count + 1) * SIZE > this.#records.byteLength) this.#grow();
    let at = this.#count++;
    const times = this.#times;
    while (at > 0 && times[(at - 1) * F64]! > event.time) at--;
    if (at < this.#count - 1) {
      times.copyWithin((at + 1) * F64, at * F64, (this.#count - 1) * F64);
      this.#texts.splice(at, 0, null);
    }
    times[at * F64] = event.time;
    times[at * F64 + 1] = event.start;
    times[at * F64 + 2] = event.asOf;
    const ints = this.#ints;
    const base = at * I32 + INTS;
    ints[base] = event.kind;
    ints[base + 1] = event.flags;
    ints[base + 2] = event.cpu;
    ints[base + 3] = event.pid;
    ints[base + 4] = event.tid;
    ints[base + 5] = event.a;
    ints[base + 6] = event.b;
    ints[base + 7] = event.c;
    ints[base + 8] = event.d;
    const { text } = event;
    this.#texts[at] = text;
    if (text !== null) this.#textBytes += padded(4 + text.byteLength);
  }

  /** The text of what a process did at `time` is not its own; it may have been taken already. */
  dropText(pid: number, time: number): void {
    for (let at = this.#count - 1; at >= 0 && this.#times[at * F64]! >= time; at--) {
      const text = this.#texts[at]!;
      if (this.#times[at * F64] !== time || this.#ints[at * I32 + INTS + 3] !== pid) continue;
      if (text !== null) this.#textBytes -= padded(4 + text.byteLength);
      this.#texts[at] = null;
    }
  }

  /** Takes all records up to time `horizon` as one batch; null when there is none. */
  take(horizon: number, epoch: BootEpoch): ArrayBuffer | null {
    let ready = this.#count;
    while (ready > 0 && this.#times[(ready - 1) * F64]! > horizon) ready--;
    if (ready === 0) return null;
    let textBytes = 0;
    for (let i = 0; i < ready; i++) {
      const text = this.#texts[i]!;
      if (text !== null) textBytes += padded(4 + text.byteLength);
    }
    const batch = new ArrayBuffer((ready + 1) * SIZE + textBytes);
    const times = new Float64Array(batch);
    times[0] = epoch.seconds;
    times[1] = epoch.ns;
    const ints = new Int32Array(batch);
    ints[4] = ready;
    times.set(this.#times.subarray(0, ready * F64), F64);
    this.#layTexts(batch, ints, ready);
    this.#drop(ready, textBytes);
    return batch;
  }

  #layTexts(batch: ArrayBuffer, ints: Int32Array, ready: number): void {
    const bytes = new Uint8Array(batch);
    let textAt = (ready + 1) * SIZE;
    for (let i = 0; i < ready; i++) {
      const text = this.#texts[i]!;
      const slot = (i + 1) * I32 + INTS + 9;
      if (text === null) {
        ints[slot] = 0;
        continue;
      }
      ints[slot] = textAt;
      ints[textAt >> 2] = text.byteLength;
      bytes.set(text, textAt + 4);
      textAt += padded(4 + text.byteLength);
    }
  }

  #drop(ready: number, textBytes: number): void {
    this.#times.copyWithin(0, ready * F64, this.#count * F64);
    if (ready === this.#count) this.#texts.length = 0;
    else this.#texts.splice(0, ready);
    this.#count -= ready;
    this.#textBytes -= textBytes;
  }

  #grow(): void {
    const larger = new ArrayBuffer(this.#records.byteLength * 2);
    const times = new Float64Array(larger);
    times.set(this.#times);
    this.#records = larger;
    this.#times = times;
    this.#ints = new Int32Array(larger);
  }
}

/** Reads a batch; `event` is filled anew by each {@linkcode BatchReader.read}. */
export class BatchReader {
  /** Number of records. */
  readonly count: number;
  /** Where the epoch lies for these records. */
  readonly epoch: BootEpoch;
  readonly #times: Float64Array;
  readonly #ints: Int32Array;
  readonly #bytes: Uint8Array;

  /** `batch` comes from {@linkcode BatchWriter.take}. */
  constructor(batch: ArrayBuffer) {
    this.#bytes = new Uint8Array(batch);
    this.#times = new Float64Array(batch);
    this.#ints = new Int32Array(batch);
    this.epoch = { seconds: this.#times[0]!, ns: this.#times[1]! };
    this.count = this.#ints[4]!;
  }

  /** Fills `event` with record `index`. */
  read(index: number, event: SourceEvent): void {
    const at = (index + 1) * F64;
    event.time = this.#times[at]!;
    event.start = this.#times[at + 1]!;
    event.asOf = this.#times[at + 2]!;
    const ints = this.#ints;
    const base = at * 2 + INTS;
    event.kind = ints[base] as EventKind;
    event.flags = ints[base + 1]!;
    event.cpu = ints[base + 2]!;
    event.pid = ints[base + 3]!;
    event.tid = ints[base + 4]!;
    event.a = ints[base + 5]!;
    event.b = ints[base + 6]!;
    event.c = ints[base + 7]!;
    event.d = ints[base + 8]!;
    const textAt = ints[base + 9]!;
    event.bytes = textAt === 0 ? null : this.#bytes;
    event.bytesAt = textAt + 4;
    event.bytesLength = textAt === 0 ? 0 : ints[textAt >> 2]!;
  }
}

/** Calls `visit` with each event of `batch`, in order; the event is reused. */
export function readBatch(batch: ArrayBuffer, visit: (event: SourceEvent) => void): void {
  const reader = new BatchReader(batch);
  const event = new SourceEvent();
  for (let i = 0; i < reader.count; i++) {
    reader.read(i, event);
    visit(event);
  }
}
