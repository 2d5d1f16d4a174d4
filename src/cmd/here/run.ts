/**
 * What `fh` does alone: says what happens here, and what it can be asked.
 *
 * @module
 */
import { Notes } from "../../ask/notes.ts";
import { askHistory } from "../../ask/open/open.ts";
import { askOverview } from "../../ask/overview.ts";
import type { PastStore } from "../../ask/store.ts";
import { type Context, tableStyle } from "../../cli/command.ts";
import { tellNotes } from "../../cli/tell.ts";
import { CommandError, EXIT } from "../../fault.ts";
import { shortTime } from "../../host/local_time.ts";
import { sinceBoot } from "../../model/boot.ts";
import { gatherFacts } from "../../source/probe/probe.ts";
import { judge } from "../../source/probe/probe_judge.ts";
import { VERSION } from "../../version.ts";
import { overviewLines } from "../../view/overview.ts";
import { createAsking, openOptions } from "../asking.ts";
import { overviewFacts } from "./look.ts";

/** Shows it; the exit status comes back. */
export async function runHere(context: Context): Promise<number> {
  const { stdout, env, procRoot } = context;
  const notes = new Notes();
  const past = await pastOrNone(context, notes);
  try {
    const { source, limits } = judge(await gatherFacts(procRoot, "auto"));
    const asking = await createAsking(context, {}, past, notes, true);
    const overview = await askOverview(asking, overviewFacts(context));
    const now = context.now();
    const sees = limits.length === 0 ? "sees everything" : limits.join("; ");
    const lines = overviewLines(overview, {
      table: tableStyle(stdout, env),
      columns: stdout.columns,
      users: asking.users,
      version: VERSION,
      source: source === null ? "none" : `${source}: ${sees}`,
      now: asking.boot.epoch === null ? 0 : sinceBoot(now, asking.boot.epoch),
      timeOf: (moment) => shortTime(moment, now),
    });
    tellNotes(context, notes);
    stdout.write(lines.map((line) => `${line}\n`).join(""));
    await stdout.flush();
  } finally {
    past?.close();
  }
  return EXIT.done;
}

/** One that is damaged is said to be so; all else can be told without it. */
async function pastOrNone(context: Context, notes: Notes): Promise<PastStore | null> {
  try {
    return await askHistory(context, undefined, openOptions(context, notes));
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    notes.add("no_history", error.message);
    return null;
  }
}
