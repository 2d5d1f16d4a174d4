/**
 * Bytes of a stream to lines of bounded length.
 *
 * @module
 */

const NEWLINE = 10;
const RETURN = 13;
/** Room that is kept while nothing waits in it. */
const KEPT = 4096;
const NOTHING = new Uint8Array(0);

/**
 * The lines of one stream. What it holds is at most one line that is not finished, and what was
 * pushed since lines were last taken.
 */
export class LineBuffer {
  readonly #max: number;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #bytes = NOTHING;
  #begin = 0;
  #end = 0;
  /** Up to here there is no newline. */
  #searched = 0;
  /** A line that was too long goes on up to its newline. */
  #skipping = false;
  #ended = false;

  /** `max` is how many bytes a line may have, its newline included. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Bytes that are not given out as lines yet. */
  get held(): number {
    return this.#end - this.#begin;
  }

  /** Memory that it takes. */
  get room(): number {
    return this.#bytes.length;
  }

  /** Adds what came; the bytes are copied. */
  push(bytes: Uint8Array): void {
    this.#makeRoom(bytes.length);
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** Nothing comes any more: what is left is a line too. */
  end(): void {
    this.#ended = true;
  }

  /**
   * The next line without its end, null for one that is too long, undefined when none is complete.
   * A line that is too long is told once; what is not UTF-8 in a line becomes U+FFFD.
   */
  next(): string | null | undefined {
    for (;;) {
      const newline = this.#bytes.subarray(0, this.#end).indexOf(NEWLINE, this.#searched);
      if (newline < 0) return this.#unfinished();
      const [begin, skipped] = [this.#begin, this.#skipping];
      this.#skipping = false;
      this.#advance(newline + 1);
      if (!skipped) return newline + 1 - begin > this.#max ? null : this.#text(begin, newline);
    }
  }

  #unfinished(): string | null | undefined {
    const [begin, end] = [this.#begin, this.#end];
    this.#searched = end;
    if (this.#skipping) {
      this.#advance(end);
    } else if (end - begin >= this.#max) {
      this.#skipping = true;
      this.#advance(end);
      return null;
    } else if (this.#ended && end > begin) {
      this.#advance(end);
      return this.#text(begin, end);
    }
    this.#shrink();
    return undefined;
  }

  #advance(to: number): void {
    this.#begin = to;
    this.#searched = to;
  }

  #text(begin: number, end: number): string {
    const last = end > begin && this.#bytes[end - 1] === RETURN ? end - 1 : end;
    return this.#decoder.decode(this.#bytes.subarray(begin, last));
  }

  #makeRoom(count: number): void {
    if (this.#end + count <= this.#bytes.length) return;
    const { held } = this;
    if (this.#begin > 0 && held + count <= this.#bytes.length) {
      this.#bytes.copyWithin(0, this.#begin, this.#end);
    } else {
      // Twice as much, so that who sends byte by byte does not make us copy all each time.
      const bytes = new Uint8Array(Math.max(held + count, held * 2));
      bytes.set(this.#bytes.subarray(this.#begin, this.#end));
      this.#bytes = bytes;
    }
    this.#searched -= this.#begin;
    this.#begin = 0;
    this.#end = held;
  }

  #shrink(): void {
    if (this.#end > this.#begin) return;
    if (this.#bytes.length > KEPT) this.#bytes = NOTHING;
    this.#begin = this.#end = this.#searched = 0;
  }
}
