/**
 * What this host has, for who wants to know what to do next.
 *
 * @module
 */
import { existsSync } from "node:fs";
import process from "node:process";
import { FH_UNIT, type NextStep } from "../../ask/next_steps.ts";
import { Notes } from "../../ask/notes.ts";
import { askHistory } from "../../ask/open/open.ts";
import { askSteps, type OverviewFacts } from "../../ask/overview.ts";
import type { Context } from "../../cli/command.ts";
import { createAsking, openOptions } from "../asking.ts";

/** sd_booted(3): that it is there says that systemd manages this host. */
const SYSTEMD = "/run/systemd/system";
const UNITS = [FH_UNIT, "/usr/lib/systemd/system/fh.service"];

/** Who asks, and on what host. */
export function overviewFacts({ euid }: Pick<Context, "euid">): OverviewFacts {
  const hasUnit = UNITS.some((path) => existsSync(path));
  return { isRoot: euid === 0, hasSystemd: existsSync(SYSTEMD), hasUnit, pid: process.pid };
}

/** What makes sense here, the most useful first. */
export async function stepsHere(context: Context): Promise<readonly NextStep[]> {
  const notes = new Notes();
  const past = await askHistory(context, undefined, openOptions(context, notes));
  try {
    const asking = await createAsking(context, {}, past, notes, false);
    return await askSteps(asking, overviewFacts(context));
  } finally {
    past?.close();
  }
}
