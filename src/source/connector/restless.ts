/**
 * Changes that processes make of themselves faster than they mean anything. prctl(PR_SET_NAME)
 * takes less than a microsecond, anybody may do it without end, and each time is an event. What a
 * process is at last is told always; of what it was for a moment, so much and no more.
 *
 * @module
 */
import type { BatchWriter } from "../../model/batch.ts";
import { EVENT, GAP_REASON, SourceEvent } from "../../model/event.ts";

/** Changes of one kind that one process may make in a window, and all processes together. */
export const RESTLESS_LIMITS = { ofProcess: 100, all: 2000, windowNs: 100e6 } as const;
/** How many were not told is told no more often. */
const TELL_NS = 1e9;

/** What can be changed again and again, without an exec. */
const RESTLESS: readonly number[] = [EVENT.comm, EVENT.uid, EVENT.gid, EVENT.ptrace];
const KIND_BITS = 2;

/** Merges what is too much into its last. */
export class Restless {
  /** How often each was changed in this window; by thread and kind. */
  readonly #counts = new Map<number, number>();
  /** The last changes of those that were changed too often. */
  readonly #kept = new Map<number, SourceEvent>();
  #told = 0;
  #windowEnd = 0;
  /** Changes that another replaced before they were told. */
  #merged = 0;
  /** When the first of them was; the earliest, where CPUs disagree. */
  #mergedSince = Infinity;
  #mergedToldAt = 0;

  /** Whether anything waits to be told. */
  get active(): boolean {
    return this.#kept.size > 0 || this.#merged > 0;
  }

  /**
   * Whether an event is to be told now. If not, it is kept, and told when its window is over or
   * before what its process does next.
   */
  admit(event: SourceEvent): boolean {
    const kind = RESTLESS.indexOf(event.kind);
    if (kind < 0) return true;
    const key = keyOf(event.tid, kind);
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    if (count <= RESTLESS_LIMITS.ofProcess && this.#told < RESTLESS_LIMITS.all) {
      this.#told++;
      return true;
    }
    const before = this.#kept.get(key);
    if (before !== undefined) {
      this.#merged++;
      this.#mergedSince = Math.min(this.#mergedSince, before.time);
    }
    this.#kept.set(key, copyOf(event, before ?? new SourceEvent()));
    return false;
  }

  /**
   * A process does something else, at a time: what it is by then is told first. It is told as of
   * that time, behind all that the writer has: nothing is to be moved for it.
   */
  tell(pid: number, at: number, writer: BatchWriter): void {
    if (this.#kept.size === 0) return;
    for (let kind = 0; kind < RESTLESS.length; kind++) {
      const key = keyOf(pid, kind);
      const event = this.#kept.get(key);
      if (event === undefined) continue;
      this.#kept.delete(key);
      event.time = at;
      writer.add(event);
    }
  }

  /**
   * Where a window is over, tells the last of each, as of `horizon` at the earliest: what was
   * before that is handed over already. Now and then tells how many were not told.
   */
  turn(now: number, horizon: number, writer: BatchWriter): void {
    if (now < this.#windowEnd) return;
    this.#windowEnd = now + RESTLESS_LIMITS.windowNs;
    this.#told = 0;
    this.#counts.clear();
    const kept = [...this.#kept.values()];
    this.#kept.clear();
    for (const event of kept) event.time = Math.max(event.time, horizon);
    for (const event of kept.sort((a, b) => a.time - b.time)) writer.add(event);
    if (this.#merged === 0 || now < this.#mergedToldAt + TELL_NS) return;
    this.#tellMerged(now, writer);
  }

  /** Tells all that is left. */
  settle(now: number, horizon: number, writer: BatchWriter): void {
    this.#windowEnd = 0;
    this.turn(now, horizon, writer);
    if (this.#merged > 0) this.#tellMerged(now, writer);
  }

  #tellMerged(now: number, writer: BatchWriter): void {
    const gap = new SourceEvent().reset(EVENT.gap, now, 0, 0);
    gap.start = this.#mergedSince;
    gap.a = this.#merged;
    gap.b = GAP_REASON.share;
    writer.add(gap);
    this.#merged = 0;
    this.#mergedSince = Infinity;
    this.#mergedToldAt = now;
  }
}

function keyOf(tid: number, kind: number): number {
  return (tid << KIND_BITS) | kind;
}

function copyOf(event: SourceEvent, into: SourceEvent): SourceEvent {
  into.reset(event.kind, event.time, event.pid, event.tid);
  into.cpu = event.cpu;
  into.a = event.a;
  into.b = event.b;
  into.text = event.text;
  return into;
}
