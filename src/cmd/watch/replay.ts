/**
 * `fh watch --source replay`: a history played back as if it happened now.
 *
 * @module
 */
import { openOptions } from "../asking.ts";
import { askHistory } from "../../ask/open/open.ts";
import { outside } from "../../ask/never_seen.ts";
import { readStretch, recordedSpans } from "../../ask/stretch.ts";
import { Notes } from "../../ask/notes.ts";
import type { PastStore } from "../../ask/store.ts";
import { tellNotes } from "../../cli/tell.ts";
import type { Context } from "../../cli/command.ts";
import { Stopped } from "../../fault.ts";
import { noHistory } from "../../ask/not_found.ts";
import { placeToAsk } from "../../history/place.ts";
import { localTime } from "../../host/local_time.ts";
import { BatchWriter } from "../../model/batch.ts";
import type { BootSpan } from "../../model/bounds.ts";
import type { SourceEvent } from "../../model/event.ts";
import type { RunningCapture, StartCapture } from "../../source/capture.ts";

/** Events handed over at once. */
const PIECE = 1024;
/** Bytes that may wait for the reader before more is read. */
const WAITING_MAX = 1 << 20;
/** With a rate: events of so long are told together. */
const STEP_NS = 20_000_000;

/** What of a history is played, and how fast. */
export interface ReplayOptions {
  readonly db?: string;
  readonly since?: string;
  readonly until?: string;
  /** Times the speed it had; Infinity as fast as can be. */
  readonly rate?: number;
}

/** Makes a capture that plays; throws CommandError where there is nothing to be played. */
export async function replayCapture(
  context: Context,
  options: ReplayOptions,
): Promise<StartCapture> {
  const notes = new Notes();
  const store = await askHistory(context, options.db, openOptions(context, notes));
  tellNotes(context, notes);
  if (store === null) throw noHistory(placeToAsk(context));
  // One boot at a time: pids and times since boot begin anew with each.
  const spans = recordedSpans(store, readStretch(options, context.now()));
  const span = spans.at(-1);
  if (span === undefined) throw outside(store);
  const whole = { ...span, since: Math.max(span.since, span.boot.since) };
  const { boot, since, until } = whole;
  const times = `${localTime(boot.moment(since))} to ${localTime(boot.moment(until))}`;
  const others = spans.length > 1 ? `, the last of ${spans.length} boots` : "";
  return (_options, handlers) => {
    const player = new Player(context, store, whole, options.rate ?? Infinity);
    const ended = player.play((batch) => handlers.onBatch(batch)).then(
      () => handlers.onEnd(null),
      (error: Error) => handlers.onEnd(error),
    );
    const capture: RunningCapture = {
      info: {
        source: "replay",
        why: `${store.place}, ${times}${others}`,
        isLimited: spans.length > 1,
      },
      began: { epoch: boot.epochAt(since), time: since },
      boot: boot.shortId,
      stop: () => {
        player.stop();
        return ended;
      },
    };
    return Promise.resolve(capture);
  };
}

class Player {
  readonly #context: Context;
  readonly #store: PastStore;
  readonly #span: BootSpan;
  readonly #rate: number;
  readonly #writer = new BatchWriter();
  readonly #began = performance.now();
  #stopped = false;
  #wake: (() => void) | null = null;

  constructor(context: Context, store: PastStore, span: BootSpan, rate: number) {
    this.#context = context;
    this.#store = store;
    this.#span = span;
    this.#rate = rate;
  }

  /** Hands batches over, at the rate and at the reader's pace. */
  async play(hand: (batch: ArrayBuffer) => void): Promise<void> {
    const { boot, since } = this.#span;
    // Whoever asked for this capture is to know it before the first batch comes.
    await this.#pause(0);
    let handedTo = since;
    const flush = () => {
      const batch = this.#writer.take(Infinity, boot.epochAt(handedTo));
      if (batch !== null) hand(batch);
    };
    for await (const event of this.#events()) {
      if (this.#stopped) break;
      if (this.#writer.count >= PIECE || event.time > handedTo + STEP_NS) {
        flush();
        handedTo = event.time;
        await this.#keepPace(event.time);
      }
      this.#writer.add(event);
    }
    flush();
    this.#store.close();
  }

  stop(): void {
    this.#stopped = true;
    this.#wake?.();
  }

  /** What is played, until the command is to end. */
  async *#events(): AsyncGenerator<SourceEvent, void> {
    try {
      yield* this.#store.replay(this.#span);
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
    }
  }

  async #keepPace(time: number): Promise<void> {
    const { stdout } = this.#context;
    if (stdout.pendingBytes > WAITING_MAX) await stdout.flush();
    if (this.#rate === Infinity) return;
    const due = this.#began + (time - this.#span.since) / 1e6 / this.#rate;
    const ms = due - performance.now();
    if (ms > 0) await this.#pause(ms);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      // A timer takes at most 2^31 ms; after that it is asked again.
      const timer = setTimeout(resolve, Math.min(ms, 2 ** 31 - 1));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
