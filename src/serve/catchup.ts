/**
 * From the past to the present: what the history tells, then what is still in memory, without a
 * gap and without telling anything twice.
 *
 * @module
 */
import { setImmediate as immediate, setTimeout as delay } from "node:timers/promises";
import type { BootEpoch } from "../model/batch.ts";
import { GAP_REASON, UNKNOWN } from "../model/event.ts";
import type { ThreadTime } from "../model/common_shares.ts";
import type { JsonLines } from "../view/json.ts";
import { payer } from "./protocol.ts";
import { LATE_US, type Past, type PastChange, pastTime, Seam } from "./past.ts";
import type { Recent } from "./recent.ts";
import type { Sequence } from "./sequence.ts";
import type { Subscriber } from "./stream.ts";
import { gapOf, View } from "./view.ts";

const PIECE = 64 << 10;
/** Others have their turn after so long. */
const TURN_MS = 5;
/** Who has used up their share of the time waits for so long. */
const REST_MS = 10;

/** What it needs of the stream. */
export interface CatchupHost {
  readonly past: Past | null;
  readonly recent: Recent;
  readonly lines: JsonLines;
  readonly sequence: Sequence;
  readonly time: ThreadTime;
  epoch(): BootEpoch;
  now(): number;
  send(
    chunk: Uint8Array,
    meta: { readonly events: number; readonly lost: number; readonly seq: number },
  ): void;
  /** Resolves when the subscriber has taken most of what was sent. */
  ready(): Promise<void>;
  /** The history could not be read. */
  onError(error: Error): void;
}

/** Tells one subscriber what it has missed. */
export class Catchup {
  readonly #subscriber: Subscriber;
  readonly #host: CatchupHost;
  readonly #view: View;
  readonly #live: View;
  #seam = new Seam();
  /** Number of the last line. */
  #seq = 0;
  /** Everything up to this number has been told, or is not wanted. */
  #told = 0;
  /** Everything up to this number was told by the history. */
  #fileUntil = -Infinity;
  #turnAt = 0;

  constructor(subscriber: Subscriber, host: CatchupHost) {
    this.#subscriber = subscriber;
    this.#host = host;
    this.#view = new View(subscriber.wishes.past, subscriber.peer);
    this.#live = new View(subscriber.wishes.live, subscriber.peer);
  }

  /** Tells everything after a number; true when the subscriber has arrived at the present. */
  async run(after: number): Promise<boolean> {
    const { recent } = this.#host;
    this.#seq = after;
    this.#told = after;
    // A snapshot may be on its way, and the answer: what follows must not come in the same breath.
    await this.#host.ready();
    while (!this.#subscriber.gone) {
      if (!recent.covers(this.#told) && !await this.#tellFile()) break;
      this.#begin();
      if (this.#tellRecent()) return !this.#subscriber.gone;
      await this.#rest();
      await this.#host.ready();
    }
    return false;
  }

  /** Tells what memory does not have; whether the subscriber is still there. */
  async #tellFile(): Promise<boolean> {
    const { past, recent, sequence } = this.#host;
    if (past === null) this.#tellUnknown(GAP_REASON.pause);
    try {
      if (past !== null && past.begin > this.#told + LATE_US) this.#tellUnknown(GAP_REASON.pause);
      for (let again = false; past !== null && !recent.covers(this.#told); again = true) {
        const complete = past.write();
        const { generation } = past;
        const until = sequence.last;
        // What was learned late may stand before the place where the last look ended.
        const from = again ? this.#told - LATE_US : this.#told;
        if (!await this.#tellPast(past.changes(from, until))) return false;
        if (!complete) this.#tellUnknown(GAP_REASON.full);
        if (past.generation !== generation) this.#tellOtherFile();
        this.#told = this.#fileUntil = until;
      }
    } catch (error) {
      // The history cannot be read: what memory has is told all the same.
      this.#host.onError(error as Error);
      this.#tellUnknown(GAP_REASON.pause);
      this.#told = Math.max(this.#told, recent.after);
    }
    if (past === null) this.#told = Math.max(this.#told, recent.after);
    return !this.#subscriber.gone;
  }

  /** The file was moved away in the meantime: the numbers of its rows begin anew. */
  #tellOtherFile(): void {
    this.#seam = new Seam();
    this.#tellUnknown(GAP_REASON.pause);
  }

  /** Whether the subscriber is still there. */
  async #tellPast(changes: Iterable<PastChange | null>): Promise<boolean> {
    const view = this.#view;
    this.#begin();
    for (const one of changes) {
      if (one !== null && this.#seam.isNew(one.change, one.at) && view.takes(one.change)) {
        one.append(this.#next(one.at), view.text);
        view.added(one.change, this.#seq);
      }
      if (view.text.length >= PIECE) {
        this.#send();
        await this.#rest();
        await this.#host.ready();
        this.#begin();
      } else if (this.#isLong) {
        await this.#rest();
        this.#begin();
      }
      if (this.#subscriber.gone) return false;
    }
    this.#send();
    await this.#rest();
    await this.#host.ready();
    return !this.#subscriber.gone;
  }

  /** A turn begins: what it takes is counted for who has asked. */
  #begin(): void {
    this.#turnAt = this.#host.time.now();
  }

  get #isLong(): boolean {
    return this.#host.time.now() - this.#turnAt >= TURN_MS;
  }

  /** The turn is over: others have theirs, and who has used up their share waits. */
  async #rest(): Promise<void> {
    const { time } = this.#host;
    const uid = payer(this.#subscriber.peer);
    time.spend(uid, this.#turnAt);
    await immediate();
    while (!time.may(uid) && !this.#subscriber.gone) await delay(REST_MS);
  }

  /**
   * A piece of what memory has, as far as the history has not told it; whether that was all. Then
   * nothing happens before the subscriber joins the others.
   */
  #tellRecent(): boolean {
    const { recent, sequence, lines } = this.#host;
    const live = this.#live;
    const view = this.#view;
    const until = this.#told;
    const isAll = recent.replay(until, (change, seq) => {
      this.#told = seq;
      const isLate = sequence.at(pastTime(change)) <= this.#fileUntil;
      if ((isLate && this.#seam.has(change)) || !live.takes(change)) return !this.#isLong;
      lines.seq = this.#seq = Math.max(this.#seq + 1, seq);
      lines.append(change, this.#host.epoch(), view.text);
      view.added(change, this.#seq);
      return view.text.length < PIECE && !this.#isLong;
    });
    this.#send();
    return isAll;
  }

  #tellUnknown(reason: number): void {
    const { lines } = this.#host;
    // What was told last is the last that is known.
    const since = Math.max(0, (this.#told - this.#host.sequence.base) * 1000);
    const gap = gapOf(since, this.#host.now(), UNKNOWN, reason);
    lines.seq = this.#seq;
    lines.append(gap, this.#host.epoch(), this.#view.text);
    this.#view.added(gap, this.#seq);
  }

  #next(at: number): number {
    return this.#seq = Math.max(this.#seq + 1, at);
  }

  #send(): void {
    const view = this.#view;
    if (view.text.length === 0) return;
    const { events, lost } = view;
    this.#host.send(view.take(), { events, lost, seq: this.#seq });
  }
}
