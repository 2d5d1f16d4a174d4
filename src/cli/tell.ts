/**
 * What people are told beside an answer: on standard error, one line each.
 *
 * @module
 */
import type { Note, Notes } from "../ask/notes.ts";
import { escapeText } from "../text/escape.ts";
import type { Context } from "./command.ts";

/** Advice that nobody needs who has seen enough: what was read is at its end, such as by head. */
const ADVICE: ReadonlySet<Note["kind"]> = new Set(["no_history", "pid_namespace"]);

/** Tells the notes of an answer, unless they are not wanted. */
export function tellNotes({ stdout, stderr }: Context, notes: Notes, quiet = false): void {
  if (quiet) return;
  for (const { kind, text } of notes) {
    if (stdout.closed && ADVICE.has(kind)) continue;
    stderr.write(`fh: ${escapeText(text)}\n`);
  }
}
