/**
 * An output that hands on what is written to another: others change a part of that.
 *
 * @module
 */
import type { Output } from "./output.ts";

/** As the other is, in everything. */
export class ForwardedOutput implements Output {
  readonly isTerminal: boolean;
  protected readonly output: Output;

  constructor(output: Output) {
    this.output = output;
    this.isTerminal = output.isTerminal;
  }

  get closed(): boolean {
    return this.output.closed;
  }

  get pendingBytes(): number {
    return this.output.pendingBytes;
  }

  get columns(): number {
    return this.output.columns;
  }

  get rows(): number {
    return this.output.rows;
  }

  write(chunk: string | Uint8Array): void {
    this.output.write(chunk);
  }

  flush(): Promise<void> {
    return this.output.flush();
  }
}
