/**
 * What waits to be sent to one client: answers, which are never dropped, and events, which are
 * dropped beyond a limit and counted in a `gap`.
 *
 * @module
 */

import type { Shares } from "../model/shares.ts";
import { SOCKET_LIMITS } from "./limits.ts";

/** What a chunk of events is about. */
export interface ChunkMeta {
  /** How many events it has. */
  readonly events: number;
  /** How many events are missing according to the gaps in it. */
  readonly lost: number;
  /** Number of its last event: microseconds since the Unix epoch. */
  readonly seq: number;
}

/** Lines of events that clients share; the bytes are never changed. */
export class Chunk {
  /** Outboxes it waits in. */
  holders = 0;
  /** The user in whose share it counts: that of the first who holds it. */
  uid = 0;

  constructor(readonly bytes: Uint8Array, readonly meta: ChunkMeta) {}
}

/** What is kept in memory for all clients, by the users in whose shares it counts. */
export class ChunkPool {
  readonly shares: Shares;

  constructor(shares: Shares) {
    this.shares = shares;
  }

  /** Counts a chunk, once for all who hold it. */
  hold(chunk: Chunk, uid: number): void {
    if (chunk.holders++ > 0) return;
    chunk.uid = uid;
    this.shares.charge(uid, sizeOf(chunk.bytes));
  }

  /** One holds it no more. */
  release(chunk: Chunk): void {
    if (--chunk.holders === 0) this.shares.give(chunk.uid, sizeOf(chunk.bytes));
  }

  /** Whether there is room for a chunk; what another holds already takes none. */
  hasRoom(chunk: Chunk, uid: number): boolean {
    return chunk.holders > 0 || sizeOf(chunk.bytes) <= this.shares.left(uid);
  }
}

/** What bytes take in memory, all told. */
function sizeOf(bytes: Uint8Array): number {
  return bytes.length + SOCKET_LIMITS.pieceBytes;
}

/** Something in the queue: a chunk, or the bytes of an answer or a gap. */
type Piece = Chunk | Uint8Array;

/** Bytes that one send takes at most. */
const PART_MAX = 256 << 10;
/** Pieces in front of the queue that were sent; more are cut off. */
const SPENT_MAX = 1024;
const encoder = new TextEncoder();

/** The queue of one client, first in, first out. */
export class Outbox {
  /** Events that were sent as a whole, and those that were dropped. */
  sent = 0;
  lost = 0;
  /** Bytes that wait. */
  waiting = 0;
  /** Memory of answers and gaps: each counts as a whole until its last byte is sent. */
  answerBytes = 0;
  readonly #pool: ChunkPool;
  readonly #source: string;
  readonly #uid: number;
  readonly #events: number;
  #pieces: Piece[] = [];
  #first = 0;
  /** Bytes of the first piece that were sent. */
  #offset = 0;
  #eventBytes = 0;
  /** What was dropped and is not told yet: how many, and the number of the last. */
  #untold = 0;
  #lastDropped = 0;
  /** Number of the last event that was taken in before those. */
  #lastTaken = 0;

  /**
   * `source` is the name of the source in gaps, `uid` whose share it counts in, `events` how many
   * bytes of events may wait in it.
   */
  constructor(pool: ChunkPool, source: string, uid: number, events: number = SOCKET_LIMITS.events) {
    this.#pool = pool;
    this.#source = source;
    this.#uid = uid;
    this.#events = events;
  }

  /** Adds a line that is always sent; `line` has no newline. */
  answer(line: string): void {
    const bytes = encoder.encode(`${line}\n`);
    this.#countAnswer(sizeOf(bytes));
    this.#push(bytes);
  }

  /** Whether {@linkcode Outbox.event} would drop a chunk now. */
  wouldDrop(chunk: Chunk): boolean {
    if (!this.#pool.hasRoom(chunk, this.#uid)) return true;
    if (this.#untold > 0 && this.#eventBytes >= this.#events / 2) return true;
    // What is longer than the limit goes to those who have taken all that was before.
    return this.#eventBytes > 0 && this.#eventBytes + chunk.bytes.length > this.#events;
  }

  /** Adds a chunk, or drops and counts it. */
  event(chunk: Chunk): void {
    const { bytes, meta } = chunk;
    if (this.wouldDrop(chunk)) {
      const count = meta.events + meta.lost;
      this.lost += count;
      this.#untold += count;
      this.#lastDropped = meta.seq;
      return;
    }
    this.#tellGap();
    this.#lastTaken = meta.seq;
    this.#pool.hold(chunk, this.#uid);
    this.#eventBytes += bytes.length;
    this.#push(chunk);
  }

  /** The bytes to send next, at most 256 KiB of them; null when nothing waits. */
  peek(): Uint8Array | null {
    const piece = this.#pieces[this.#first];
    if (piece === undefined) return null;
    const bytes = piece instanceof Chunk ? piece.bytes : piece;
    if (this.#offset === 0 && bytes.length <= PART_MAX) return bytes;
    return bytes.subarray(this.#offset, this.#offset + PART_MAX);
  }

  /** So many bytes of what {@linkcode Outbox.peek} gave were sent. */
  advance(count: number): void {
    const piece = this.#pieces[this.#first]!;
    const isChunk = piece instanceof Chunk;
    this.#offset += count;
    this.waiting -= count;
    if (isChunk) this.#eventBytes -= count;
    if (this.#offset === (isChunk ? piece.bytes : piece).length) {
      if (isChunk) {
        this.sent += piece.meta.events;
        this.#pool.release(piece);
      } else {
        this.#countAnswer(-sizeOf(piece));
      }
      this.#shift();
    }
    // Also who is sent nothing afterwards is told.
    if (this.#untold > 0 && this.#eventBytes < this.#events / 2) this.#tellGap();
  }

  /** Drops everything: the client is gone. */
  clear(): void {
    for (const piece of this.#pieces.slice(this.#first)) {
      if (piece instanceof Chunk) this.#pool.release(piece);
    }
    this.#countAnswer(-this.answerBytes);
    this.#pieces = [];
    this.#first =
      this.#offset =
      this.waiting =
      this.#eventBytes =
      this.#untold =
        0;
  }

  #countAnswer(bytes: number): void {
    this.answerBytes += bytes;
    if (bytes >= 0) this.#pool.shares.charge(this.#uid, bytes);
    else this.#pool.shares.give(this.#uid, -bytes);
  }

  #push(piece: Piece): void {
    this.#pieces.push(piece);
    this.waiting += (piece instanceof Chunk ? piece.bytes : piece).length;
  }

  #shift(): void {
    this.#first++;
    this.#offset = 0;
    if (this.#first === this.#pieces.length) {
      this.#pieces = [];
      this.#first = 0;
    } else if (this.#first >= SPENT_MAX) {
      this.#pieces.splice(0, this.#first);
      this.#first = 0;
    } else {
      // The queue must not keep alive what was sent.
      this.#pieces[this.#first - 1] = NOTHING;
    }
  }

  #tellGap(): void {
    if (this.#untold === 0) return;
    this.answer(JSON.stringify({
      event: "gap",
      time: timeOf(this.#lastDropped),
      source: this.#source,
      since: timeOf(this.#lastTaken || this.#lastDropped),
      lost: this.#untold,
      reason: "slow reader",
      seq: this.#lastDropped,
    }));
    this.#untold = 0;
  }
}

const NOTHING = new Uint8Array(0);

/** RFC 3339 in UTC with nanoseconds, of microseconds since the Unix epoch. */
function timeOf(seq: number): string {
  const second = Math.floor(seq / 1e6);
  const rest = String(seq - second * 1e6).padStart(6, "0");
  return `${new Date(second * 1000).toISOString().slice(0, 19)}.${rest}000Z`;
}
