/**
 * /proc/PID/task/TID/io, proc_pid_io(5); fs/proc/base.c do_io_accounting(): of one task. The file
 * of the whole process, /proc/PID/io, counts what its children did, too, once they were waited for.
 *
 * @module
 */
import { decimalAt, lineKey, valueAfter } from "./scan.ts";

const NEWLINE = 10;
const READ_BYTES = lineKey("read_bytes: ");
const WRITE_BYTES = lineKey("write_bytes: ");

/** What a task had storage do, bytes. */
export interface StorageBytes {
  readonly readBytes: number;
  /** Sent to the page cache to be written, whether or not it was written in the end. */
  readonly writeBytes: number;
}

/** The counts in the first `length` bytes; null when they are malformed or cut. */
export function storageBytesOf(bytes: Uint8Array, length: number): StorageBytes | null {
  const readBytes = numberOf(bytes, length, READ_BYTES);
  const writeBytes = numberOf(bytes, length, WRITE_BYTES);
  return readBytes < 0 || writeBytes < 0 ? null : { readBytes, writeBytes };
}

function numberOf(bytes: Uint8Array, length: number, key: Uint8Array): number {
  const at = valueAfter(bytes, length, key);
  return at < 0 ? -1 : decimalAt(bytes, at, length, NEWLINE);
}
