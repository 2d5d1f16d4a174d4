/**
 * Counts lost events exactly: every event carries a number counted per CPU.
 *
 * @module
 */

/** Follows the per-CPU counters of the proc connector. */
export class SequenceAccount {
  /** Next number expected, and time of the last event, by CPU. */
  readonly #next: number[] = [];
  readonly #lastAt: number[] = [];
  #missing = 0;
  #newCpu = false;
  #holeSince = Infinity;

  /** Notes that number `seq` of `cpu` arrived, of an event at `time`. */
  note(cpu: number, seq: number, time: number): void {
    const expected = this.#next[cpu];
    if (expected === undefined) {
      this.#newCpu = true;
      this.#next[cpu] = (seq + 1) >>> 0;
      this.#lastAt[cpu] = time;
      return;
    }
    const ahead = (seq - expected) | 0;
    if (ahead < 0) {
      // Old kernels number an event before they send it, with preemption on: it is late, not lost.
      this.#missing--;
      return;
    }
    if (ahead > 0) {
      this.#missing += ahead;
      this.#holeSince = Math.min(this.#holeSince, this.#lastAt[cpu]!);
    }
    this.#next[cpu] = (seq + 1) >>> 0;
    this.#lastAt[cpu] = time;
  }

  /** Numbers that never came, since the beginning. */
  get missing(): number {
    return this.#missing;
  }

  /** Time of the last event before the first hole that is not closed; Infinity without one. */
  get holeSince(): number {
    return this.#holeSince;
  }

  /** Time of the earliest of the last events of all CPUs: what is missing came after it. */
  get lastOfAll(): number {
    return this.#lastAt.reduce((first, at) => Math.min(first, at), Infinity);
  }

  /** The holes so far were told, or what seemed to be missing came late. */
  closeHoles(): void {
    this.#holeSince = Infinity;
  }

  /** Whether a CPU showed itself for the first time since the last call. */
  takeNewCpu(): boolean {
    const seen = this.#newCpu;
    this.#newCpu = false;
    return seen;
  }
}
