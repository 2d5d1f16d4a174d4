/**
 * Writing to standard streams off the main thread.
 *
 * @module
 */
import { write as fsWrite } from "node:fs";

/** The little of Deno's module that is used. */
interface DenoStreams {
  readonly stdout: { write(bytes: Uint8Array): Promise<number> };
  readonly stderr: { write(bytes: Uint8Array): Promise<number> };
}

/** write(2) at the file's own position: `done` gets how many bytes are written, or the error. */
export function writeStandard(
  fd: number,
  bytes: Uint8Array,
  done: (error: NodeJS.ErrnoException | null, written: number) => void,
): void {
  const { Deno } = globalThis as unknown as { Deno?: DenoStreams };
  if (Deno === undefined) {
    fsWrite(fd, bytes, 0, bytes.byteLength, null, done);
    return;
  }
  // Deno's fs.write blocks the main thread, and loses count of short writes.
  const stream = fd === 1 ? Deno.stdout : Deno.stderr;
  stream.write(bytes).then((written) => done(null, written), (error) => done(error, 0));
}
