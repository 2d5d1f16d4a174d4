/**
 * Work that several wait for: who asks for the same while it is done waits for the same answer.
 *
 * @module
 */

interface Work<T> {
  readonly answer: Promise<T>;
  readonly ending: AbortController;
  waiting: number;
}

/** Does each work once at a time. */
export class Together<T> {
  readonly #under = new Map<string, Work<T>>();

  /**
   * What `find` finds, or what is being found under that key already. Rejects when `signal` is
   * aborted; the work is ended when nobody waits for it any more.
   */
  take(key: string, signal: AbortSignal, find: (ending: AbortSignal) => Promise<T>): Promise<T> {
    if (signal.aborted) return Promise.reject(signal.reason);
    const work = this.#under.get(key) ?? this.#begin(key, find);
    work.waiting++;
    return new Promise((resolve, reject) => {
      const leave = () => {
        reject(signal.reason);
        if (--work.waiting > 0) return;
        // Who comes now is not to get what is being ended.
        this.#forget(key, work);
        work.ending.abort(signal.reason);
      };
      const over = () => signal.removeEventListener("abort", leave);
      signal.addEventListener("abort", leave);
      work.answer.finally(over).then(resolve, reject);
    });
  }

  #begin(key: string, find: (ending: AbortSignal) => Promise<T>): Work<T> {
    const ending = new AbortController();
    const work: Work<T> = { answer: find(ending.signal), ending, waiting: 0 };
    this.#under.set(key, work);
    const over = () => this.#forget(key, work);
    work.answer.then(over, over);
    return work;
  }

  #forget(key: string, work: Work<T>): void {
    if (this.#under.get(key) === work) this.#under.delete(key);
  }
}
