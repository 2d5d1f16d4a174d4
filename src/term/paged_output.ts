/**
 * An output that goes to a pager as soon as it is more than the terminal shows at once.
 *
 * @module
 */
import type { Output } from "./output.ts";

/** More than this a pager that was not started cannot have taken. */
const KEPT_MAX = 2 << 20;

/** Where what is too long goes. */
export interface Pages {
  readonly closed: boolean;
  /** Nobody has read anything: it could not be started. */
  readonly hasFailed: boolean;
  readonly pendingBytes: number;
  write(chunk: string | Uint8Array): void;
  drain(): Promise<void>;
  end(): Promise<void>;
}

/** Keeps what is written until it is known whether it fits, and whether somebody reads it. */
export class PagedOutput implements Output {
  readonly isTerminal = true;
  readonly #output: Output;
  readonly #open: () => Pages;
  /** Null once it is not needed any more. */
  #kept: (string | Uint8Array)[] | null = [];
  #keptBytes = 0;
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
    return this.#reader?.closed ?? this.#output.closed;
  }

  get pendingBytes(): number {
    return this.#reader?.pendingBytes ?? this.#output.pendingBytes;
  }

  get columns(): number {
    return this.#output.columns;
  }

  get rows(): number {
    return this.#output.rows;
  }

  write(chunk: string | Uint8Array): void {
    if (this.#pages?.hasFailed) {
      this.#show();
      this.#output.write(chunk);
      return;
    }
    // The buffer of a chunk of bytes is used again by who wrote it.
    const own = typeof chunk === "string" ? chunk : chunk.slice();
    this.#keep(own);
    if (this.#pages !== null) {
      this.#pages.write(own);
      return;
    }
    this.#count(own);
    // A line is for the prompt of the shell.
    if (this.#lines < this.rows) return;
    this.#pages = this.#open();
    for (const one of this.#kept ?? []) this.#pages.write(one);
  }

  /** Nothing is waited for that is still kept. */
  async flush(): Promise<void> {
    await this.#pages?.drain();
  }

  /**
   * All was written: what fits is shown, else the pager's reader is waited for; where there is
   * none after all, it is shown as it is.
   */
  async end(): Promise<void> {
    await this.#pages?.end();
    if (this.#reader !== null) return;
    this.#show();
    await this.#output.flush();
  }

  /** The pager, unless it could not be started. */
  get #reader(): Pages | null {
    return this.#pages === null || this.#pages.hasFailed ? null : this.#pages;
  }

  #keep(chunk: string | Uint8Array): void {
    this.#keptBytes += chunk.length;
    if (this.#keptBytes > KEPT_MAX && this.#pages !== null) this.#kept = null;
    this.#kept?.push(chunk);
  }

  #show(): void {
    for (const one of this.#kept?.splice(0) ?? []) this.#output.write(one);
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
