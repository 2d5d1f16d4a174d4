/**
 * Writing to standard streams off the main thread.
 *
 * @module
 */
import { write as fsWrite } from "node:fs";
import { RUNTIME } from "./runtime.ts";

/** The streams of Deno's namespace, as far as they are used. */
export interface DenoStreams {
  readonly stdout: { write(bytes: Uint8Array): Promise<number> };
  readonly stderr: { write(bytes: Uint8Array): Promise<number> };
}

/** Told how many bytes were written, or the error. */
export type Written = (error: NodeJS.ErrnoException | null, written: number) => void;

/** write(2) at the file's own position to descriptor 1 or 2. */
export function writeStandard(fd: number, bytes: Uint8Array, done: Written): void {
  if (RUNTIME?.name !== "deno") {
    fsWrite(fd, bytes, 0, bytes.byteLength, null, done);
    return;
  }
  // Deno's fs.write blocks the main thread, and loses count of short writes.
  const { stdout, stderr } = RUNTIME.deno;
  const stream = fd === 1 ? stdout : stderr;
  stream.write(bytes).then((written) => done(null, written), (error) => done(error, 0));
}
