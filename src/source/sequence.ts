/**
 * Counts lost events exactly: every event carries a number counted per CPU.
 *
 * @module
 */

/** Follows the per-CPU counters of the proc connector. */
export class SequenceAccount {
  /** Next number expected, by CPU. */
  readonly #next: number[] = [];
  #missing = 0;
  #newCpu = false;

  /** Notes that number `seq` of `cpu` arrived. */
  note(cpu: number, seq: number): void {
    const expected = this.#next[cpu];
    if (expected === undefined) {
      this.#newCpu = true;
      this.#next[cpu] = (seq + 1) >>> 0;
      return;
    }
    const ahead = (seq - expected) | 0;
    if (ahead === 0) {
      this.#next[cpu] = (seq + 1) >>> 0;
    } else if (ahead > 0) {
      this.#missing += ahead;
      this.#next[cpu] = (seq + 1) >>> 0;
    } else {
      // Old kernels number an event before they send it, with preemption on: it is late, not lost.
      this.#missing--;
    }
  }

  /** Numbers that never came, since the beginning. */
  get missing(): number {
    return this.#missing;
  }

  /** Whether a CPU showed itself for the first time since the last call. */
  takeNewCpu(): boolean {
    const seen = this.#newCpu;
    this.#newCpu = false;
    return seen;
  }
}
