/**
 * What happens, as server-sent events: each with the number that the recorder gave it.
 *
 * Nothing is thrown away here. A page that is slow is not written to, and then the recorder's
 * socket is not read from: it is the recorder that counts what that page misses, as a gap.
 *
 * @module
 */
import type { ServerResponse } from "node:http";
import type { LiveLines } from "./backend.ts";
import { drained } from "./drained.ts";

const SEQ = '"seq":';

/** Writes until the lines or the page end. `signal` aborts when the page has gone. */
export async function tellLive(
  response: ServerResponse,
  lines: LiveLines,
  signal: AbortSignal,
): Promise<void> {
  response.write(frame("answer", JSON.stringify(lines.answer)));
  for (;;) {
    const taken = await lines.take();
    if (taken === null || signal.aborted) break;
    const text = taken.map((line) => `id: ${seqOf(line)}\ndata: ${line}\n\n`).join("");
    if (!response.write(text)) await drained(response, signal);
  }
  if (!signal.aborted) response.end(frame("gone", "{}"));
}

/** An event with a name: what is none of the recorder's. */
function frame(event: string, data: string): string {
  return `event: ${event}\ndata: ${data}\n\n`;
}

/** The last of that name is the event's own: others stand in texts, or before it. */
function seqOf(line: string): string {
  const at = line.lastIndexOf(SEQ);
  return at < 0 ? "" : /^\d*/.exec(line.slice(at + SEQ.length))![0];
}
