/**
 * What several subscribers with the same wishes are sent: chosen and written once for all.
 *
 * @module
 */
import { maySee } from "../ask/viewer.ts";
import { Change } from "../model/machine.ts";
import { ByteText } from "../text/byte_text.ts";
import type { Peer } from "./protocol.ts";

const ROOM = 16 << 10;

/** Whether somebody wants to see a change; to be asked of every change, in order. */
export interface Wanted {
  matches(change: Change): boolean;
}

/** The changes that one kind of peer wants, as lines that wait to be sent. */
export class View {
  readonly wanted: Wanted;
  readonly text: ByteText = new ByteText(ROOM);
  /** Changes in the text, gaps left aside. */
  events = 0;
  /** Losses that gaps in the text tell of. */
  lost = 0;
  /** Number of the last change in the text, and when the first was. */
  seq = 0;
  since = 0;
  /** Changes that were left out because the thread that sends has too much to send. */
  dropped = 0;
  /** Number of the last of them, and when the first was, nanoseconds since boot. */
  droppedSeq = 0;
  droppedSince = 0;
  /** Changes that were not looked at, since its user's share of time was used up. */
  skipped = 0;
  /** Number of the last of them, and when the first was. */
  skippedSeq = 0;
  skippedSince = 0;
  /** Connections that are sent this. */
  readonly clients: Set<number> = new Set();
  /** Milliseconds, when something was sent last. */
  sentAt = -Infinity;
  /** One of those who are sent this: all may see the same. */
  readonly peer: Peer;

  constructor(wanted: Wanted, peer: Peer) {
    this.wanted = wanted;
    this.peer = peer;
  }

  /** Whether a change is for this view. */
  takes(change: Change): boolean {
    const { process } = change;
    return (process === null || maySee(this.peer, process.uid)) && this.wanted.matches(change);
  }

  /** Notes that a change was appended to the text. */
  added(change: Change, seq: number): void {
    const since = change.process === null ? change.since : change.time;
    if (this.events + this.lost === 0) this.since = since;
    if (change.process !== null) this.events++;
    else if (change.a > 0) this.lost += change.a;
    this.seq = seq;
  }

  /** Notes that a change at a time was not looked at. */
  skip(seq: number, time: number): void {
    if (this.skipped++ === 0) this.skippedSince = time;
    this.skippedSeq = seq;
  }

  /** What is there is left out: it is counted instead. */
  drop(): void {
    if (this.dropped === 0) this.droppedSince = this.since;
    this.dropped += this.events + this.lost;
    this.droppedSeq = this.seq;
    this.text.take();
    this.events = this.lost = 0;
  }

  /** Takes the text out, in a buffer of its own. */
  take(): Uint8Array {
    this.events = this.lost = 0;
    return this.text.take().slice();
  }
}

/**
 * A gap from `since` to `time`: how many were lost, UNKNOWN where nobody knows, and one of
 * GAP_REASON.
 */
export function gapOf(since: number, time: number, lost: number, reason: number): Change {
  const gap = new Change();
  gap.time = time;
  gap.since = Math.min(since, time);
  gap.a = lost;
  gap.b = reason;
  return gap;
}
