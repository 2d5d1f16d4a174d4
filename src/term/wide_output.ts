/**
 * A terminal whose lines need not be cut.
 *
 * @module
 */
import type { Output } from "./output.ts";

/** An output as wide as what is written to it. */
export class WideOutput implements Output {
  readonly isTerminal: boolean;
  readonly columns = Infinity;
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
    this.isTerminal = output.isTerminal;
  }

  get closed(): boolean {
    return this.#output.closed;
  }

  get pendingBytes(): number {
    return this.#output.pendingBytes;
  }

  get rows(): number {
    return this.#output.rows;
  }

  write(chunk: string | Uint8Array): void {
    this.#output.write(chunk);
  }

  flush(): Promise<void> {
    return this.#output.flush();
  }
}
