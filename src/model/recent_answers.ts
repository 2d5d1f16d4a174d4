/**
 * What was answered about something lately: a bounded memory. It keeps no object alive.
 *
 * @module
 */

interface Answers<Key, Answer> {
  get(key: Key): Answer | undefined;
  set(key: Key, answer: Answer): unknown;
}

/** Answers by what was asked about; those that were not asked for in a while are forgotten. */
export class RecentAnswers<Key, Answer> {
  readonly #most: number;
  readonly #make: () => Answers<Key, Answer>;
  #newer: Answers<Key, Answer>;
  #older: Answers<Key, Answer>;
  #count = 0;

  private constructor(most: number, make: () => Answers<Key, Answer>) {
    this.#most = most;
    this.#make = make;
    this.#newer = make();
    this.#older = make();
  }

  /** About objects. Between `most` and twice as many are remembered. */
  static ofObjects<Key extends WeakKey, Answer>(most: number): RecentAnswers<Key, Answer> {
    return new RecentAnswers<Key, Answer>(most, () => new WeakMap());
  }

  /** The same about what has a number. */
  static ofNumbers<Answer>(most: number): RecentAnswers<number, Answer> {
    return new RecentAnswers<number, Answer>(most, () => new Map());
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
      this.#newer = this.#make();
      this.#count = 1;
    }
    this.#newer.set(key, answer);
  }
}
