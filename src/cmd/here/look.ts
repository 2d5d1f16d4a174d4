/**
 * What this host has, for who wants to know what to do next.
 *
 * @module
 */
import { existsSync } from "node:fs";
import process from "node:process";
import type { NextStep } from "../../ask/next_steps.ts";
import { Notes } from "../../ask/notes.ts";
import { askHistory } from "../../ask/open/open.ts";
import { askOverview, type OverviewFacts } from "../../ask/overview.ts";
import type { Context } from "../../cli/command.ts";
import { createAsking, openOptions } from "../asking.ts";

/** sd_booted(3): that it is there says that systemd manages this host. */
const SYSTEMD = "/run/systemd/system";

/** Who asks, and on what host. */
export function overviewFacts({ euid }: Pick<Context, "euid">): OverviewFacts {
  return { isRoot: euid === 0, hasSystemd: existsSync(SYSTEMD), pid: process.pid };
}

/** What makes sense here, the most useful first. */
export async function stepsHere(context: Context): Promise<readonly NextStep[]> {
  const notes = new Notes();
  const past = await askHistory(context, undefined, openOptions(context, notes));
  try {
    const asking = await createAsking(context, {}, past, notes, false);
    return (await askOverview(asking, overviewFacts(context))).steps;
  } finally {
    past?.close();
  }
}
