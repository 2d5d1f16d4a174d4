/**
 * Small files that a command is given, whole. A path may be that of a pipe or a device: it is
 * waited for a little, and what has no end is not read.
 *
 * @module
 */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { pause } from "../steps.ts";

const { O_NONBLOCK, O_RDONLY } = constants;
const BYTES_MAX = 1 << 20;
/** How long it is waited for one who writes into a pipe. */
const WAIT_MS = 5000;
const PAUSE_MS = 10;
const REASONS: Readonly<Record<string, string>> = { EISDIR: "it is a folder" };

/** The text of a file; rejects with an Error that says in a few words what is wrong. */
export async function readSmallFile(path: string, signal: AbortSignal): Promise<string> {
  const fd = open(path);
  try {
    const bytes = new Uint8Array(BYTES_MAX + 1);
    let length = 0;
    const late = performance.now() + WAIT_MS;
    while (length <= BYTES_MAX) {
      // A signal is told between two turns of the event loop only.
      if (length > 0) await pause(0);
      if (signal.aborted) throw new Error(`stopped by ${signal.reason}`);
      const read = readSome(fd, bytes.subarray(length));
      if (read === 0) break;
      if (read === null && performance.now() > late) throw new Error("nothing comes from it");
      if (read === null) await pause(PAUSE_MS, signal);
      else length += read;
    }
    if (length > BYTES_MAX) throw new Error("it is longer than 1 MiB");
    // At once, a pipe has an end where nobody has begun to write.
    if (length === 0 && fstatSync(fd).isFIFO()) throw new Error("it is a pipe with nothing in it");
    return new TextDecoder().decode(bytes.subarray(0, length));
  } finally {
    closeSync(fd);
  }
}

function open(path: string): number {
  try {
    return openSync(path, O_RDONLY | O_NONBLOCK);
  } catch (error) {
    throw reason(error);
  }
}

/** Bytes that were read; null when there are none yet. */
function readSome(fd: number, into: Uint8Array): number | null {
  try {
    return readSync(fd, into, 0, into.length, null);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return null;
    throw reason(error);
  }
}

function reason(error: unknown): Error {
  const { code = String(error) } = error as NodeJS.ErrnoException;
  return new Error(REASONS[code] ?? code);
}
