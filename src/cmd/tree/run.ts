/**
 * What `fh tree` does: asks, and draws the answer.
 *
 * @module
 */
import { existsSync } from "node:fs";
import type { Asking } from "../../ask/asking.ts";
import { Notes } from "../../ask/notes.ts";
import type { PastStore } from "../../ask/store.ts";
import { type Asked, parseAsked } from "../../ask/text/target.ts";
import { askTree, findLiving, targetOf, type TreeAnswer } from "../../ask/tree.ts";
import type { Context } from "../../cli/command.ts";
import { tellNotes } from "../../cli/tell.ts";
import { EXIT, UsageError } from "../../fault.ts";
import { historyToAsk } from "../../history/place.ts";
import { renderTree } from "../../view/tree.ts";
import { flatTreeJson, treeJson } from "../../view/tree_json.ts";
import { createAsking, openOptions } from "../asking.ts";
import { asksFleet, checkFleet, hostOf, openPast } from "../fleet/ask.ts";
import { ended, writePieces } from "../pieces.ts";
import { type TreeOptions, treeStyle, unfolded } from "./options.ts";
import { checkTimes, withTimes } from "./times.ts";

/** Runs the command; the exit status comes back. */
export async function runTree(
  context: Context,
  operands: readonly string[],
  given: TreeOptions,
): Promise<number> {
  const [process, ofHost] = operands[0] === undefined
    ? [undefined, given]
    : hostOf(context, operands[0], given);
  const [text, options] = [process, ofHost];
  checkFleet(options, { watch: options.watch });
  const askedOf = (known: { readonly latest: number } | null) => {
    return text === undefined ? null : parseAsked(text, context.now(), known);
  };
  const asked = askedOf({ latest: Infinity });
  checkOptions(asked, options, context);
  const query = unfolded(options);
  if (options.watch) {
    const asking = await createAsking(context, options, null, new Notes(), false);
    const target = typeof asked === "string" ? await targetOf(asking, asked, query) : asked;
    const pid = target?.pid ?? null;
    if (pid !== null) findLiving(asking, pid, query);
    const { TreeWatch } = await import("./watch.ts");
    return await new TreeWatch(context, asking.reader, pid, options).run();
  }
  const notes = new Notes();
  const past = await openHistoryFor(context, options, notes);
  try {
    const needsClock = Boolean(options.json || options.times || options.bars);
    const asking = await createAsking(context, options, past, notes, needsClock);
    const answer = await askTree(asking, askedOf(past?.bounds ?? null), query);
    await write(context, asking, answer, options);
    await context.stdout.flush();
    tellNotes(context, notes, options.quiet);
  } finally {
    past?.close();
  }
  return EXIT.done;
}

/** The history is loaded only where there is one: most of a short command is its start. */
async function openHistoryFor(
  context: Context,
  options: TreeOptions,
  notes: Notes,
): Promise<PastStore | null> {
  if (asksFleet(options)) return await openPast(context, options, notes);
  if (options.db === undefined && !existsSync(historyToAsk(context, undefined))) return null;
  const { askHistory } = await import("../../ask/open/open.ts");
  return await askHistory(context, options.db, openOptions(context, notes));
}

async function write(
  context: Context,
  { users, notes }: Asking,
  { roots, focus, missing, time }: TreeAnswer,
  options: TreeOptions,
): Promise<void> {
  if (!options.json) {
    const plain = treeStyle(context, options, focus, users);
    const style = withTimes(context, options, roots, plain, time);
    return await writePieces(context, ended(renderTree(roots, style)));
  }
  const { missingJson } = await import("../../view/missing_json.ts");
  const json = { users, gaps: missingJson(missing), notes };
  const draw = options.json === "flat" ? flatTreeJson : treeJson;
  for (const root of roots) await writePieces(context, draw(root, json));
}

function checkOptions(asked: Asked | null, options: TreeOptions, context: Context): void {
  const { ancestors, descendants, watch, json, keep } = options;
  checkTimes(options, json);
  if (asked === null && (ancestors || descendants)) {
    const name = ancestors ? "--ancestors" : "--descendants";
    throw new UsageError(`Missing pid: ${name} tells what to show of a process; give its pid`);
  }
  if (keep !== undefined && !watch) {
    throw new UsageError("Bad option: --keep; it means something together with --watch only");
  }
  if (!watch) return;
  const target = typeof asked === "string" ? null : asked;
  const past = options.at ?? options.since ?? options.until ?? target?.at ?? target?.id ?? null;
  if (past !== null) {
    throw new UsageError("Bad options: --watch with a time or an id; it shows what runs now");
  }
  if (options.wide) {
    throw new UsageError("Bad options: --watch with --wide; what is kept up to date has to fit");
  }
  if (json) {
    throw new UsageError("Bad options: --watch with --json; for a stream use fh watch --json");
  }
  if (!context.stdout.isTerminal || context.env["TERM"] === "dumb") {
    throw new UsageError(
      "Bad option: --watch; it needs a terminal as standard output, for a stream use fh watch",
    );
  }
}
