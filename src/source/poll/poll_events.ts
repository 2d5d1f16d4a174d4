/**
 * What the poller tells of the processes it knows, as events.
 *
 * @module
 */
import type { BatchWriter } from "../../model/batch.ts";
import { EVENT, FLAG, GAP_REASON, SourceEvent, UNKNOWN } from "../../model/event.ts";
import type { Known } from "./known.ts";

/** Writes events; one object serves for all. */
export class PollEvents {
  readonly #event = new SourceEvent();

  /** `missed` tasks came and went unseen, after `since`. */
  missed(missed: number, since: number, until: number, writer: BatchWriter): void {
    const event = this.#event.reset(EVENT.gap, until, 0, 0);
    event.start = since;
    event.a = missed;
    event.b = GAP_REASON.missed;
    writer.add(event);
  }

  /** Its parent started `known` at `start`; told with the time `at`. */
  fork({ pid, ppid }: Known, start: number, at: number, writer: BatchWriter): void {
    const event = this.#event.reset(EVENT.fork, at, pid, pid);
    event.start = start;
    event.a = event.b = ppid;
    writer.add(event);
  }

  /**
   * It runs the program of the encoded image `text` by now, with real uid `uid` or UNKNOWN; not
   * `sure` where it may have rewritten its command line instead.
   */
  exec(
    { pid }: Known,
    text: Uint8Array | null,
    uid: number,
    sure: boolean,
    at: number,
    writer: BatchWriter,
  ): void {
    const event = this.#event.reset(EVENT.exec, at, pid, pid);
    if (!sure) event.flags = FLAG.inferred;
    event.d = uid;
    event.text = text;
    writer.add(event);
  }

  /** It has another name by now. */
  comm({ pid }: Known, comm: Uint8Array, at: number, writer: BatchWriter): void {
    const event = this.#event.reset(EVENT.comm, at, pid, pid);
    event.text = comm;
    writer.add(event);
  }

  /** It ended with wait status `status` or UNKNOWN; first an exec that only its name showed. */
  exit({ pid, halfSeen, endedAt }: Known, status: number, now: number, writer: BatchWriter): void {
    const event = this.#event;
    if (halfSeen !== null) {
      event.reset(EVENT.exec, now, pid, pid);
      event.d = UNKNOWN;
      event.text = halfSeen;
      event.flags = FLAG.inferred;
      writer.add(event);
    }
    event.reset(EVENT.exit, now, pid, pid);
    event.flags = FLAG.group;
    event.a = status;
    event.asOf = endedAt ?? 0;
    writer.add(event);
  }
}
