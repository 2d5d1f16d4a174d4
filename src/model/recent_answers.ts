/**
 * What was answered about something lately: a bounded memory that keeps nothing alive.
 *
 * @module
 */

/** Answers by what was asked about; those that were not asked for in a while are forgotten. */
export class RecentAnswers<Key extends WeakKey, Answer> {
  readonly #most: number;
  #newer = new WeakMap<Key, Answer>();
  #older = new WeakMap<Key, Answer>();
  #count = 0;

  /** Between `most` and twice as many are remembered. */
  constructor(most: number) {
    this.#most = most;
  }

  /** The answer; undefined where none is remembered. */
  get(key: Key): Answer | undefined {
    const answer = this.#newer.get(key);
    if (answer !== undefined) return answer;
    const older = this.#older.get(key);
    if (older !== undefined) this.set(key, older);
    return older;
  }

  /** Remembers an answer. */
  set(key: Key, answer: Answer): void {
    if (++this.#count > this.#most) {
      this.#older = this.#newer;
      this.#newer = new WeakMap();
      this.#count = 1;
    }
    this.#newer.set(key, answer);
  }
}
