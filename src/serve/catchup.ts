/**
 * From the past to the present: what the history tells, then what is still in memory, without a
 * gap and without telling anything twice.
 *
 * @module
 */
import { setImmediate as immediate } from "node:timers/promises";
import type { BootEpoch } from "../model/batch.ts";
import { GAP_REASON, UNKNOWN } from "../model/event.ts";
import type { JsonLines } from "../view/json.ts";
import { LATE_US, type Past, type PastChange, pastTime, Seam } from "./past.ts";
import type { Recent } from "./recent.ts";
import type { Sequence } from "./sequence.ts";
import type { Subscriber } from "./stream.ts";
import { gapOf, View } from "./view.ts";

const PIECE = 64 << 10;
/** Changes that are looked at before others have their turn. */
const TURN = 1000;

/** What it needs of the stream. */
export interface CatchupHost {
  readonly past: Past | null;
  readonly recent: Recent;
  readonly lines: JsonLines;
  readonly sequence: Sequence;
  epoch(): BootEpoch;
  now(): number;
  send(
    chunk: Uint8Array,
    meta: { readonly events: number; readonly lost: number; readonly seq: number },
  ): void;
  /** Resolves when the subscriber has taken most of what was sent. */
  ready(): Promise<void>;
}

/** Tells one subscriber what it has missed. */
export class Catchup {
  readonly #subscriber: Subscriber;
  readonly #host: CatchupHost;
  readonly #view: View;
  readonly #seam = new Seam();
  #seq = 0;

  constructor(subscriber: Subscriber, host: CatchupHost) {
    this.#subscriber = subscriber;
    this.#host = host;
    this.#view = new View(subscriber.wishes.past, subscriber.peer);
  }

  /** Tells everything after a number; true when the subscriber has arrived at the present. */
  async run(after: number): Promise<boolean> {
    const { past, recent, sequence } = this.#host;
    this.#seq = after;
    let told = after;
    if (!recent.covers(told)) {
      // The answer is on its way: what follows must not come in the same breath.
      await immediate();
      if (past === null || past.begin > told + LATE_US) this.#tellUnknown(GAP_REASON.pause);
      for (let again = false; past !== null && !recent.covers(told); again = true) {
        const complete = past.write();
        const until = sequence.last;
        // What was learned late may stand before the place where the last look ended.
        if (!await this.#tellPast(past.changes(again ? told - LATE_US : told, until))) return false;
        if (!complete) this.#tellUnknown(GAP_REASON.full);
        told = until;
      }
    }
    this.#tellRecent(told);
    this.#send();
    return !this.#subscriber.gone;
  }

  /** Whether the subscriber is still there. */
  async #tellPast(changes: Iterable<PastChange>): Promise<boolean> {
    const view = this.#view;
    let turn = 0;
    for (const { change, at, append } of changes) {
      if (this.#seam.isNew(change, at) && view.takes(change)) {
        append(this.#next(at), view.text);
        view.added(change, this.#seq);
      }
      if (view.text.length >= PIECE) {
        this.#send();
        await this.#host.ready();
      } else if (++turn % TURN === 0) {
        await immediate();
      }
      if (this.#subscriber.gone) return false;
    }
    this.#send();
    await this.#host.ready();
    return !this.#subscriber.gone;
  }

  /** What memory has after a number, as far as the history has not told it. */
  #tellRecent(after: number): void {
    const { recent, sequence, lines } = this.#host;
    const live = new View(this.#subscriber.wishes.live, this.#subscriber.peer);
    const { text } = this.#view;
    recent.replay(after, (change, seq) => {
      const isLate = sequence.at(pastTime(change)) <= after;
      if (isLate && this.#seam.has(change)) return;
      if (!live.takes(change)) return;
      lines.seq = this.#seq = Math.max(this.#seq + 1, seq);
      lines.append(change, this.#host.epoch(), text);
      this.#view.added(change, this.#seq);
    });
  }

  #tellUnknown(reason: number): void {
    const { lines } = this.#host;
    const gap = gapOf(this.#host.now(), UNKNOWN, reason);
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
