/**
 * What a stream needs of the history, and what it must not tell twice at the seam to it.
 *
 * @module
 */
import type { Change, ChangeKind } from "../model/machine.ts";
import type { ByteText } from "../text/byte_text.ts";

/** One change of the past. */
export interface PastChange {
  /** Valid until the next one is asked for. */
  readonly change: Change;
  /** Its place: microseconds since the Unix epoch, as a Sequence reckons. */
  readonly at: number;
  /** Appends it as a line with that number. */
  append(seq: number, to: ByteText): void;
}

/** The history of a recorder. */
export interface Past {
  /** The place of the oldest that is known; Infinity when nothing is. */
  readonly begin: number;
  /** Changes when another file is begun, in which rows have other numbers. */
  readonly generation: number;
  /** The place of a time as `--since` takes it; throws Refusal EFAULT where it is none. */
  place(time: string): number;
  /** Writes what waits; whether everything that was told is in it now. */
  write(): boolean;
  /** What happened after a place, up to another one, oldest first; null where work may pause. */
  changes(after: number, until: number): Iterable<PastChange | null>;
}

/** How late the history may learn of something: the poll source sees exits when it looks. */
export const LATE_US = 2_000_000;

/** Kinds that the history tells, for the keys of {@linkcode Seam}. */
const KINDS: Partial<Record<ChangeKind, number>> = { fork: 0, exec: 1, exit: 2 };

/** What the history has told of the last seconds, so that nothing is told again. */
export class Seam {
  #older = new Set<string>();
  #newer = new Set<string>();
  #turnAt = -Infinity;

  /** Notes a change of the past at a place; whether it has not been noted before. */
  isNew(change: Change, at: number): boolean {
    const key = keyOf(change);
    if (key === null) return true;
    if (this.#older.has(key) || this.#newer.has(key)) return false;
    if (at > this.#turnAt + 2 * LATE_US) {
      this.#older = this.#newer;
      this.#newer = new Set();
      this.#turnAt = at;
    }
    this.#newer.add(key);
    return true;
  }

  /** Whether a change that was seen live has been told by the history. */
  has(change: Change): boolean {
    const key = keyOf(change);
    return key !== null && (this.#older.has(key) || this.#newer.has(key));
  }
}

function keyOf({ kind, process, time }: Change): string | null {
  const number = KINDS[kind];
  if (number === undefined || process === null || process.key <= 0) return null;
  return kind === "exec"
    ? `${process.key} ${number} ${Math.round(time)}`
    : `${process.key} ${number}`;
}

/** When the history will say that a change was, nanoseconds since boot. */
export function pastTime({ kind, time, process }: Change): number {
  if (kind === "fork") return process?.born ?? time;
  if (kind === "exit") return process?.end ?? time;
  return time;
}
