/**
 * Writes a report: into a file that appears when it is whole, or to standard output.
 *
 * @module
 */
import type { Context } from "../../cli/command.ts";
import { CommandError, EXIT } from "../../fault.ts";
import type { Format, FormatSettings, Piece } from "../../report/formats.ts";
import type { Spans } from "../../report/span.ts";
import { Breath } from "../../steps.ts";
import type { Progress } from "../../term/progress.ts";
import { Replacement } from "../new_file.ts";

/** Text that is gathered before it is written. */
const PIECE = 64 << 10;

/** Where pieces go. */
interface Sink {
  write(piece: Piece): void | Promise<void>;
}

/** Writes it; rejects with Stopped when the work is to stop, and leaves no part of a file then. */
export async function writeReport(
  context: Pick<Context, "stdout" | "signal">,
  format: Format,
  spans: Spans,
  settings: FormatSettings,
  path: string | undefined,
  progress: Progress,
): Promise<void> {
  const pieces = await format.write(spans, settings);
  const show = (count: number, bytes: number) => {
    if (!format.isBySpan) progress.show("writing", bytes, null, "bytes");
    else progress.show("writing", count, spans.spans.length, "processes");
  };
  await writePiecesTo(context, pieces, path, show);
}

/** The same of pieces that are there already; `show` is told how many, and how many bytes. */
export async function writePiecesTo(
  context: Pick<Context, "stdout" | "signal">,
  pieces: Iterable<Piece>,
  path: string | undefined,
  show: (count: number, bytes: number) => void,
): Promise<void> {
  if (path !== undefined) {
    await toFile(path, (file) => pour(pieces, file, context.signal, show));
    return;
  }
  const { stdout } = context;
  const out = {
    async write(piece: Piece): Promise<void> {
      stdout.write(piece);
      await stdout.flush();
    },
  };
  await pour(pieces, out, context.signal, show);
}

async function toFile(path: string, fill: (file: Replacement) => Promise<void>): Promise<void> {
  const failed = (error: unknown) => {
    const { code, message } = error as NodeJS.ErrnoException;
    if (error instanceof CommandError || code === undefined && !isPlain(error)) return error;
    return new CommandError(EXIT.failed, `Cannot write the report to ${path}: ${code ?? message}`);
  };
  let file: Replacement;
  try {
    file = Replacement.open(path);
  } catch (error) {
    throw failed(error);
  }
  try {
    await fill(file);
    file.finish();
  } catch (error) {
    throw failed(error);
  } finally {
    file.close();
  }
}

/** What Replacement has to say of a path. */
function isPlain(error: unknown): boolean {
  return error instanceof Error && error.constructor === Error;
}

async function pour(
  pieces: Iterable<Piece>,
  sink: Sink,
  signal: AbortSignal,
  show: (count: number, bytes: number) => void,
): Promise<void> {
  const breath = new Breath(signal);
  let gathered = "";
  let [count, bytes] = [0, 0];
  const hand = async (piece: Piece) => {
    bytes += piece.length;
    await sink.write(piece);
    show(count, bytes);
    await breath.take();
  };
  for (const piece of pieces) {
    count++;
    if (piece.length === 0) {
      await breath.take();
    } else if (typeof piece !== "string") {
      await hand(piece);
    } else if ((gathered += piece).length >= PIECE) {
      await hand(gathered);
      gathered = "";
    }
  }
  if (gathered !== "") await hand(gathered);
}
