/**
 * What to run after `fh doctor`.
 *
 * @module
 */
import type { NextStep } from "../../ask/next_steps.ts";
import type { Context } from "../../cli/command.ts";
import { Stopped } from "../../fault.ts";
import type { Verdict } from "../../source/probe/probe_judge.ts";
import { stepsHere } from "../here/look.ts";

/** Where something is not seen, root may see it; else what makes sense on this host. */
export async function nextAfter(
  context: Context,
  { source, limits }: Verdict,
): Promise<NextStep | null> {
  if (context.euid !== 0 && (source === null || limits.length > 0)) {
    return { command: "sudo fh doctor", does: "what root would see" };
  }
  try {
    return (await stepsHere(context))[0] ?? null;
  } catch (error) {
    // A history that is damaged is no matter of this report, and what is wrong with /proc is in it.
    if (error instanceof Stopped) throw error;
    return null;
  }
}
