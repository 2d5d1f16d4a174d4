/**
 * What has to be said beside a stream, as lines of it: NDJSON.
 *
 * @module
 */
import type { Note } from "../ask/notes.ts";
import { jsonText } from "../text/json_text.ts";

/** A line for each note: `{"event":"info","kind":"limit","text":"…"}`. */
export function infoLines(notes: Iterable<Note>): string {
  return [...notes].map(({ kind, text }) => `${jsonText({ event: "info", kind, text })}\n`).join(
    "",
  );
}
