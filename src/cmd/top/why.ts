/**
 * The answer of `fh why`, as lines of a pane.
 *
 * @module
 */
import { Notes } from "../../ask/notes.ts";
import { askHistory } from "../../ask/open/open.ts";
import { askWhy } from "../../ask/why.ts";
import type { Context } from "../../cli/command.ts";
import { CommandError } from "../../fault.ts";
import type { Process } from "../../model/process.ts";
import type { Output } from "../../term/output.ts";
import { escapeText } from "../../text/escape.ts";
import { createAsking, openOptions } from "../asking.ts";
import { writeWhy } from "../why/write.ts";

/** Asks; what cannot be answered is a line that says so. */
export async function whyPane(
  context: Context,
  { pid }: Process,
  db: string | undefined,
): Promise<readonly string[]> {
  const notes = new Notes();
  const pane = new Pane(context.stdout);
  try {
    const past = await askHistory(context, db, openOptions(context, notes));
    try {
      const asking = await createAsking(context, {}, past, notes, true);
      const answer = await askWhy(asking, String(pid));
      await writeWhy({ ...context, stdout: pane }, asking, answer, "never");
    } finally {
      past?.close();
    }
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    pane.write(`${escapeText(error.message)}\n`);
  }
  const lines = pane.text.split("\n").slice(0, -1);
  return [...lines, ...[...notes].map(({ text }) => escapeText(text))];
}

/** Keeps what is written. */
class Pane implements Output {
  text = "";
  readonly closed = false;
  readonly pendingBytes = 0;
  readonly isTerminal = true;
  readonly columns: number;
  readonly rows: number;

  constructor({ columns, rows }: Output) {
    this.columns = columns;
    this.rows = rows;
  }

  write(chunk: string | Uint8Array): void {
    this.text += typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk);
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }
}
