/**
 * The records of the kernel's log that are still kept: /dev/kmsg gives one with each read.
 *
 * @module
 */
import { closeSync, constants, openSync, readSync } from "node:fs";

const { O_NONBLOCK, O_RDONLY } = constants;
/** CONSOLE_EXT_LOG_MAX of the kernel (printk.h). */
const RECORD_MAX = 8192;
/** The log has no more records than that, whatever its size. */
const RECORDS_MAX = 1_000_000;

/** All of them, the oldest first; null where this user may not read it. */
export function readKernelLog(path = "/dev/kmsg"): string[] | null {
  let fd: number;
  try {
    fd = openSync(path, O_RDONLY | O_NONBLOCK);
  } catch {
    return null;
  }
  const records: string[] = [];
  const buffer = new Uint8Array(RECORD_MAX);
  const decoder = new TextDecoder();
  try {
    while (records.length < RECORDS_MAX) {
      const length = readOne(fd, buffer);
      if (length === null) continue;
      if (length === 0) break;
      records.push(decoder.decode(buffer.subarray(0, length)));
    }
  } finally {
    closeSync(fd);
  }
  return records;
}

/** Its length; 0 at the end, null where a record was overwritten before it was read. */
function readOne(fd: number, buffer: Uint8Array): number | null {
  try {
    return readSync(fd, buffer, 0, buffer.length, null);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EPIPE") return null;
    return 0;
  }
}
