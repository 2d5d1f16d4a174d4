/**
 * Where a program writes.
 *
 * @module
 */

/** Where a command writes. */
export interface Output {
  /** Queues text or a copy of bytes. */
  write(chunk: string | Uint8Array): void;
  /** Resolves when everything queued is written or the reader is gone. */
  flush(): Promise<void>;
  /** The reader is gone (EPIPE): nothing more needs to be written. */
  readonly closed: boolean;
  /** Bytes queued and not yet written: a stream drops events, and counts them, when it grows. */
  readonly pendingBytes: number;
  /** It is a terminal. */
  readonly isTerminal: boolean;
  /** Whether it was closed by who started the program: nobody gets what is written. */
  readonly isNowhere?: boolean;
  /** Width of the terminal in cells; 80 when it is none. */
  readonly columns: number;
  /** Height of the terminal in lines; 24 when it is none. */
  readonly rows: number;
}
