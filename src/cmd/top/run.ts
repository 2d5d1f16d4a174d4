/**
 * What `fh top` does without a terminal: looks, and writes tables or JSON.
 *
 * @module
 */
import { Notes } from "../../ask/notes.ts";
import { type Context, tableStyle } from "../../cli/command.ts";
import { tell, tellNotes } from "../../cli/tell.ts";
import { EXIT } from "../../fault.ts";
import { pause } from "../../steps.ts";
import { hasKeyboard } from "../../term/keyboard.ts";
import { jsonText } from "../../text/json_text.ts";
import { table } from "../../text/table.ts";
import { placeRows } from "../../top/order.ts";
import type { TopRow } from "../../top/row.ts";
import { topJson, topTable } from "../../view/top.ts";
import { tellSource } from "../source_line.ts";
import type { TopOptions } from "./command.ts";
import { Looks } from "./looks.ts";

const LIMIT = 50;
const INTERVAL_NS = 1e9;
const NS_PER_MS = 1e6;

/** Runs the command; the exit status comes back. */
export async function runTop(context: Context, options: TopOptions): Promise<number> {
  const { promise: ended, resolve: end, reject } = Promise.withResolvers<void>();
  const looks = await Looks.open(
    context,
    options,
    (error) => error === null ? end() : reject(error),
  );
  const intervalMs = (options.interval ?? INTERVAL_NS) / NS_PER_MS;
  try {
    if (!options.json && context.stdout.isTerminal && hasKeyboard()) {
      const { TopScreen } = await import("./screen.ts");
      const screen = new TopScreen(context, looks, options, intervalMs);
      await Promise.race([screen.run(), ended]).finally(() => screen.close());
    } else {
      tellSource(context, looks.session.info, options);
      await Promise.race([writeLooks(context, looks, options, intervalMs), ended]);
    }
  } finally {
    await looks.session.close();
    await context.stdout.flush();
  }
  return EXIT.done;
}

async function writeLooks(
  context: Context,
  looks: Looks,
  options: TopOptions,
  intervalMs: number,
): Promise<void> {
  const { stdout, signal } = context;
  const times = options.looks ?? (options.json ? Infinity : 1);
  // The first one says what the next is to be compared with.
  looks.look();
  for (let time = 0; time < times && !signal.aborted; time++) {
    await pause(intervalMs, signal);
    if (signal.aborted) return;
    write(context, looks, looks.look(), options);
    await stdout.flush();
  }
}

function write(
  context: Context,
  looks: Looks,
  rows: readonly TopRow[],
  options: TopOptions,
): void {
  const { by = "command", sort = "cpu", filter = "", limit = LIMIT, json, color } = options;
  const { stdout, env } = context;
  const nameOf = (row: TopRow) => looks.nameOf(row);
  const order = { key: by, sort, isReversed: false, filter, open: new Set<never>() };
  const placed = placeRows(rows, order, (row) => looks.textOf(row));
  const notes = new Notes();
  for (const text of looks.missing()) notes.add("source", text);
  if (placed.length > limit) {
    notes.add("limit", `${limit} of ${placed.length} rows: give --limit for more`);
  }
  const shown = placed.slice(0, limit).map(({ row }) => row);
  if (json) {
    const time = new Date(context.now()).toISOString();
    const { source } = looks.session.info;
    const fields = { time, source, by, rows: shown.map((row) => topJson(row, nameOf)), notes };
    stdout.write(`${jsonText(fields)}\n`);
    return;
  }
  for (const line of table(shown, topTable(by, nameOf), tableStyle(stdout, env, color))) {
    stdout.write(`${line}\n`);
  }
  tellNotes(context, notes, options.quiet);
  if (shown.length === 0) tell(context, "no row has that in its name", options.quiet);
}
