/**
 * What `fh` does alone: says what happens here, and what it can be asked.
 *
 * @module
 */
import { Notes } from "../../ask/notes.ts";
import { askHistory } from "../../ask/open/open.ts";
import { askOverview } from "../../ask/overview.ts";
import { type Context, tableStyle } from "../../cli/command.ts";
import { EXIT } from "../../fault.ts";
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
  const past = await askHistory(context, undefined, openOptions(context, notes));
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
    stdout.write(lines.map((line) => `${line}\n`).join(""));
    await stdout.flush();
  } finally {
    past?.close();
  }
  return EXIT.done;
}
