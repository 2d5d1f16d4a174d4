/**
 * Output that is made bit by bit, and may be long.
 *
 * @module
 */
import type { Context } from "../cli/command.ts";
import { Breath } from "../steps.ts";

/** Text gathered before it is written. */
const PIECE = 64 << 10;

/** Writes texts at the reader's pace; rejects with Stopped when the work is to stop. */
export async function writePieces(
  { stdout, signal }: Pick<Context, "stdout" | "signal">,
  texts: Iterable<string>,
): Promise<void> {
  const breath = new Breath(signal);
  let gathered = "";
  for (const text of texts) {
    gathered += text;
    if (gathered.length < PIECE) continue;
    stdout.write(gathered);
    gathered = "";
    await stdout.flush();
    await breath.take();
  }
  if (gathered !== "") stdout.write(gathered);
  await stdout.flush();
}

/** Lines with their ends. */
export function* ended(lines: Iterable<string>): Generator<string> {
  for (const line of lines) yield `${line}\n`;
}
