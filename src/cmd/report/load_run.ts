/**
 * Reads what `fh run --save` has written.
 *
 * @module
 */
import { statSync } from "node:fs";
import { readPieces } from "../../acct/file.ts";
import { CommandError, EXIT, Stopped } from "../../fault.ts";
import { RunFileError, RunReader } from "../../report/run_file.ts";
import type { Spans } from "../../report/span.ts";
import { Breath } from "../../steps.ts";
import type { Progress } from "../../term/progress.ts";
import { LineBuffer } from "../../text/line_buffer.ts";

/** A command line of `--max-argv` at its largest, each byte of it escaped, is no longer. */
const LINE_MAX = 64 << 20;

/** {@linkcode loadRun}, and how far that has come. */
export async function loadShown(
  { signal }: { readonly signal: AbortSignal },
  path: string,
  progress: Progress,
): Promise<Spans> {
  const size = sizeOf(path);
  return await loadRun(path, signal, (bytes) => progress.show("reading", bytes, size, "bytes"));
}

/** Null where it is not known; why that is will be told when it is read. */
function sizeOf(path: string): number | null {
  try {
    return statSync(path).size || null;
  } catch {
    return null;
  }
}

/**
 * The spans of a file; `onRead` is told how many of its bytes have been read.
 *
 * @throws {CommandError} It cannot be read, or is no saved run.
 */
export async function loadRun(
  path: string,
  signal: AbortSignal,
  onRead: (bytes: number) => void = () => {},
): Promise<Spans> {
  const reader = new RunReader();
  const lines = new LineBuffer(LINE_MAX);
  const breath = new Breath(signal);
  const take = () => {
    for (let line = lines.next(); line !== undefined; line = lines.next()) {
      if (line === null) throw new RunFileError(`it has a line of more than ${LINE_MAX >> 20} MiB`);
      reader.add(line);
    }
  };
  let bytes = 0;
  try {
    for await (const piece of readPieces(path, "saved run", signal)) {
      lines.push(piece);
      take();
      bytes += piece.length;
      onRead(bytes);
      await breath.take();
    }
    if (signal.aborted) throw new Stopped(String(signal.reason));
    lines.end();
    take();
    return reader.end();
  } catch (error) {
    if (!(error instanceof RunFileError)) throw error;
    const what = `Cannot read the saved run ${path}: ${error.message}`;
    throw new CommandError(EXIT.failed, `${what}; give a file that fh run --save has written`);
  }
}
