/**
 * How the actions of `fh job` ask, and how they tell what they were answered.
 *
 * @module
 */
import { type Context, tableStyle } from "../../cli/command.ts";
import { tell, tellNotes } from "../../cli/tell.ts";
import { EXIT, UsageError } from "../../fault.ts";
import type { Fields } from "../../serve/protocol.ts";
import { jsonText } from "../../text/json_text.ts";
import type { TableStyle } from "../../text/table.ts";
import { type JobDoor, openJobs, openRecorder } from "./door.ts";
import type { JobOptions } from "./options.ts";

/** Does what a recorder alone can do; `action` is what it is called. */
export async function withRecorder<Done>(
  context: Context,
  action: string,
  options: JobOptions,
  work: (door: JobDoor) => Promise<Done>,
): Promise<Done> {
  if (options.db !== undefined) {
    throw new UsageError(`Bad options: job ${action} with --db; only a recorder can do that`);
  }
  return await closing(await openRecorder(context, options), work);
}

/** Asks what a history can answer as well as a recorder. */
export async function withJobs<Done>(
  context: Context,
  options: JobOptions,
  work: (door: JobDoor) => Promise<Done>,
): Promise<Done> {
  return await closing(await openJobs(context, options), async (door) => {
    const done = await work(door);
    await context.stdout.flush();
    tellNotes(context, door.notes, options.quiet);
    return done;
  });
}

async function closing<Done>(
  door: JobDoor,
  work: (door: JobDoor) => Promise<Done>,
): Promise<Done> {
  try {
    return await work(door);
  } finally {
    door.close();
  }
}

/** Says what was done. */
export function report(
  context: Context,
  { json, quiet }: JobOptions,
  answer: Fields,
  words: string,
): number {
  if (json) context.stdout.write(`${jsonText(answer)}\n`);
  else tell(context, words, quiet);
  return EXIT.done;
}

/** Rows as JSON lines or as a table. */
export function showRows(
  context: Context,
  { json, quiet, color }: JobOptions,
  rows: readonly unknown[],
  render: (style: TableStyle) => string[],
  none: string,
): number {
  const { stdout, env } = context;
  if (json) {
    for (const row of rows) stdout.write(`${jsonText(row)}\n`);
  } else if (rows.length === 0) {
    tell(context, none, quiet);
  } else {
    const lines = render(tableStyle(stdout, env, color));
    stdout.write(lines.map((line) => `${line}\n`).join(""));
  }
  return EXIT.done;
}
