/**
 * Sessions of batches that a test makes.
 *
 * @module
 */
import { BatchWriter } from "../../src/model/batch.ts";
import type { SourceEvent } from "../../src/model/event.ts";
import { Session, type SessionOptions } from "../../src/session.ts";
import type { CaptureHandlers, RunningCapture } from "../../src/source/capture.ts";
import { FakeClock } from "./fake_clock.ts";

/** Wall-clock time of boot in these batches. */
export const EPOCH = { seconds: 1_700_000_000, ns: 0 };

/** A batch of events, as a source hands it over. */
export function batchOf(events: Iterable<SourceEvent>): ArrayBuffer {
  const writer = new BatchWriter();
  for (const event of events) writer.add(event);
  return writer.take(Infinity, EPOCH)!;
}

/** How such a session is set up. */
export interface BatchOptions extends Partial<Omit<SessionOptions, "capture">> {
  /** Where it looks processes up. */
  readonly procRoot?: string;
  readonly source?: "connector" | "poll" | "replay";
  /** Up to this time everything was handed over, once it is stopped. */
  readonly until?: number;
}

/** A session, who feeds it, its clock, and what it told: one line for each change. */
export interface BatchSession {
  readonly session: Session;
  readonly handlers: CaptureHandlers;
  readonly clock: FakeClock;
  readonly told: string[];
  /** Hands over a batch of `events`. */
  give(...events: SourceEvent[]): void;
}

/** Opens one that has not begun. */
export async function openBatches(options: BatchOptions = {}): Promise<BatchSession> {
  const { procRoot = "/nowhere", source = "connector", until = null } = options;
  const told: string[] = [];
  const clock = new FakeClock();
  let handlers!: CaptureHandlers;
  let isStopped = false;
  const capture: RunningCapture = {
    info: { source, why: "a test" },
    began: { epoch: EPOCH, time: 0 },
    get until() {
      return isStopped ? until : null;
    },
    stop() {
      isStopped = true;
      return Promise.resolve();
    },
  };
  const session = await Session.open({
    onChange({ kind, process, time, a }) {
      told.push(process === null ? `${kind} ${a}` : `${kind} ${process.pid} ${time}`);
    },
    onEnd: () => {},
    ...options,
    capture: { source: "connector", procRoot, env: [], intervalNs: null, realtime: false },
  }, (_options, given) => {
    handlers = given;
    return Promise.resolve(capture);
  }, clock);
  return { session, handlers, clock, told, give: (...e) => handlers.onBatch(batchOf(e)) };
}
