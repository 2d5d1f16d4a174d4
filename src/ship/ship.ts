/**
 * Shipping for as long as it is wanted: sessions with a sink one after the other, at a bounded
 * rate, whatever breaks in between.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { Stopped } from "../fault.ts";
import { openForReading } from "../history/file.ts";
import { HistoryError } from "../history/history_error.ts";
import { Outgoing } from "../history/outgoing.ts";
import { pause } from "../steps.ts";
import { type LifeTest, type Round, Shipper } from "./shipper.ts";
import { type Sink, SinkAway } from "./sink.ts";

/**
 * So often it is looked for news, when all is shipped: a batch costs whoever takes it as much as a
 * hundred lives.
 */
const LOOK_MS = 5000;
const LOOK_MAX_MS = 10_000;
/** After something broke, the next try comes after this long, then twice, up to the most. */
const RETRY_MS = 1000;
const RETRY_MAX_MS = 60_000;
/** Reading the history may take so much of the time, when all is shipped. */
const LOOKING_SHARE = 0.03;
/**
 * Lives a second that a host, its disk and whoever takes them bear without being noticed. What is
 * looked at and not sent is no faster either: reading it is all that it costs, but a week of it
 * would take a CPU as long as it lasts.
 */
export const USUAL_RATE = 10_000;

/** What is shipped, where to, and how fast. */
export interface ShipOptions {
  /** The history file. */
  readonly path: string;
  /** Opens what it is shipped to, for one session. Throws as {@linkcode Sink} does. */
  open(signal: AbortSignal): Promise<Sink>;
  /** Whether command lines are shipped. */
  readonly argv: boolean;
  /** Which lives are shipped; null: all. */
  readonly accepts: LifeTest | null;
  /** Lives a second that are sent at most. */
  readonly rate: number;
  /** Ends once all that there is now is shipped, and at the first failure. */
  readonly once: boolean;
  /** Goes on trying where somebody has to change something first. */
  readonly stays: boolean;
  readonly signal: AbortSignal;
}

/** What is told while it goes on. */
export interface ShipEvents {
  /** A session has begun; `name` is that of the host there. */
  begun(name: string, where: string): void;
  round(round: Round): void;
  /** A try has failed; the next one comes in so many milliseconds. */
  failed(message: string, retryMs: number): void;
}

/**
 * Ships until the signal is aborted, or once. Throws CommandError or HistoryError where no other
 * try would help, and for any failure where it is to be done once.
 */
export async function ship(options: ShipOptions, events: ShipEvents): Promise<void> {
  const { signal, once, stays } = options;
  let retryMs = RETRY_MS;
  while (!signal.aborted) {
    try {
      await session(options, events, () => retryMs = RETRY_MS);
      if (once) return;
    } catch (error) {
      if (error instanceof Stopped || signal.aborted) return;
      const passes = mayPass(error);
      if (once || !(stays || passes)) throw error;
      if (isMissing(error)) {
        // To look costs nothing: whoever begins to record is found as soon as news are.
        events.failed(messageOf(error), LOOK_MS);
        await pause(LOOK_MS, signal);
        continue;
      }
      if (!passes) retryMs = RETRY_MAX_MS;
      events.failed(messageOf(error), retryMs);
      await pause(retryMs, signal);
      retryMs = Math.min(RETRY_MAX_MS, 2 * retryMs);
    }
  }
}

/** Whether nobody has recorded yet. */
function isMissing(error: unknown): boolean {
  return error instanceof HistoryError && error.trouble === "missing";
}

/** What went wrong, and what to do. */
function messageOf(error: unknown): string {
  const { message } = error as Error;
  return error instanceof HistoryError ? `${message}; ${error.advice}` : message;
}

/** Whether another try may do better. */
function mayPass(error: unknown): boolean {
  return error instanceof SinkAway ||
    (error instanceof HistoryError && error.trouble !== "unusable");
}

async function session(
  { path, open, argv, accepts, rate, once, signal }: ShipOptions,
  events: ShipEvents,
  onRound: () => void,
): Promise<void> {
  const history = openForReading(path);
  const file = numberOf(path);
  try {
    const sink = await open(signal);
    try {
      // However slow it is, it looks, tells of itself and heeds a signal as often as otherwise.
      const most = Math.max(1, Math.ceil(rate * LOOK_MS / 1000));
      const how = { argv, accepts, once, most };
      const shipper = await Shipper.begin(new Outgoing(history), sink, how);
      events.begun(shipper.name, sink.shown);
      // A file that was put in the place of this one is read by another session.
      while (!signal.aborted && numberOf(path) === file) {
        const begun = performance.now();
        const round = await shipper.round();
        onRound();
        events.round(round);
        if (once && round.waiting === 0) return;
        const tookMs = performance.now() - begun;
        const seconds = round.lives / rate + round.passed / Math.max(rate, USUAL_RATE);
        const paceMs = seconds * 1000 - tookMs;
        const easyMs = Math.min(LOOK_MAX_MS, round.readMs / LOOKING_SHARE);
        const lookMs = round.waiting > 0 ? 0 : Math.max(LOOK_MS, easyMs);
        await pause(Math.max(0, paceMs, lookMs), signal);
      }
    } finally {
      await sink.close();
    }
  } finally {
    history.close();
  }
}

/** Number of the file that has that name; null where none has. */
function numberOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? null;
}

/** What this machine is told apart by, as a uuid: machine-id(5), hashed; else its name. */
export function machineOf(hostName: string): string {
  let id = hostName;
  try {
    id = readFileSync("/etc/machine-id", "utf8").trim() || hostName;
  } catch {
    // A container may have none.
  }
  // machine-id(5) asks for it not to be shown as it is.
  return createHash("sha256").update(`fh fleet\0${id}`).digest("hex").slice(0, 32);
}
