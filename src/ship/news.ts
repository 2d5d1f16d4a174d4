/**
 * What was told last under each name: the same is not told again.
 *
 * @module
 */

/** Told things, by name. */
export class News {
  readonly #told = new Map<string, string>();
  #asked = new Map<string, string>();

  /** From here on it is asked for what is told next. */
  begin(): void {
    this.#asked = new Map();
  }

  /** Whether it is other than what was told under that name last. */
  has(name: string, value: unknown): boolean {
    const text = JSON.stringify(value);
    if (this.#told.get(name) === text) return false;
    this.#asked.set(name, text);
    return true;
  }

  /** All that was asked for since the beginning is told now. */
  keep(): void {
    for (const [name, text] of this.#asked) this.#told.set(name, text);
    this.begin();
  }
}
