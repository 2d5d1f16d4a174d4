/**
 * An output that goes to a pager as soon as it is more than the terminal shows at once.
 *
 * @module
 */
import type { Output } from "./output.ts";

/** Where what is too long goes. */
export interface Pages {
  readonly closed: boolean;
  readonly pendingBytes: number;
  write(chunk: string | Uint8Array): void;
  drain(): Promise<void>;
  end(): Promise<void>;
}

/** Keeps what is written until it is known whether it fits. */
export class PagedOutput implements Output {
  readonly isTerminal = true;
  readonly #output: Output;
  readonly #open: () => Pages;
  #kept: (string | Uint8Array)[] = [];
  /** Lines of the terminal that it takes, and cells of the last one. */
  #lines = 0;
  #cells = 0;
  #pages: Pages | null = null;

  /** `open` starts the pager. */
  constructor(output: Output, open: () => Pages) {
    this.#output = output;
    this.#open = open;
  }

  get closed(): boolean {
    return this.#pages?.closed ?? this.#output.closed;
  }

  get pendingBytes(): number {
    return this.#pages?.pendingBytes ?? this.#output.pendingBytes;
  }

  get columns(): number {
    return this.#output.columns;
  }

  get rows(): number {
    return this.#output.rows;
  }

  write(chunk: string | Uint8Array): void {
    if (this.#pages !== null) {
      this.#pages.write(chunk);
      return;
    }
    // The buffer of a chunk of bytes is used again by who wrote it.
    this.#kept.push(typeof chunk === "string" ? chunk : chunk.slice());
    this.#count(chunk);
    // A line is for the prompt of the shell.
    if (this.#lines < this.rows) return;
    this.#pages = this.#open();
    for (const one of this.#kept.splice(0)) this.#pages.write(one);
  }

  /** Nothing is waited for that is still kept. */
  async flush(): Promise<void> {
    await this.#pages?.drain();
  }

  /** All was written: what fits is shown, else the pager's reader is waited for. */
  async end(): Promise<void> {
    if (this.#pages !== null) return await this.#pages.end();
    for (const one of this.#kept.splice(0)) this.#output.write(one);
    await this.#output.flush();
  }

  #count(chunk: string | Uint8Array): void {
    const text = typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk);
    const [first = "", ...others] = text.split("\n");
    const { columns } = this;
    this.#cells += first.length;
    for (const line of others) {
      this.#lines += Math.max(1, Math.ceil(this.#cells / columns));
      this.#cells = line.length;
    }
  }
}
