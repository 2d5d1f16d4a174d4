/**
 * What is written in the same transaction as the lives.
 *
 * @module
 */

/** What is written beside the lives. */
export interface Companion {
  /** Whether anything waits to be written. */
  readonly dirty: boolean;
  write(): void;
  /** What was written last is in the file. */
  committed(): void;
}
