/**
 * What people are told beside an answer: on standard error, one line each.
 *
 * @module
 */
import type { Note, Notes } from "../ask/notes.ts";
import { escapeText } from "../text/escape.ts";
import type { Context } from "./command.ts";
import { isHintDue } from "./hints.ts";

/** Advice that nobody needs who has seen enough: what was read is at its end, such as by head. */
const ADVICE: ReadonlySet<Note["kind"]> = new Set(["no_history", "pid_namespace"]);

/** Tells people something, unless they want to hear nothing: a line that is safe on a terminal. */
export function tell({ stderr }: Pick<Context, "stderr">, text: string, quiet = false): void {
  if (!quiet) stderr.write(`fh: ${escapeText(text)}\n`);
}

/** Tells the notes of an answer, unless they are not wanted. */
export function tellNotes(context: Context, notes: Notes, quiet = false): void {
  for (const { kind, text, hint } of notes) {
    if (quiet || (context.stdout.closed && ADVICE.has(kind))) continue;
    const isDue = hint !== undefined && isHintDue(context, kind);
    tell(context, isDue ? `${text}; ${hint}` : text);
  }
}
