/**
 * What `fh doctor` does.
 *
 * @module
 */
import { type Context, useColor } from "../../cli/command.ts";
import { type GlobalOptions, liveSource } from "../../cli/globals.ts";
import { EXIT } from "../../fault.ts";
import { judge, type Verdict } from "../../source/probe/probe_judge.ts";
import { jsonText } from "../../text/json_text.ts";
import { renderDoctor } from "../../view/doctor.ts";
import type { GatherFacts } from "./command.ts";

/** Runs the command; the exit status comes back: 0 where nothing is left to be done. */
export async function runDoctor(
  context: Context,
  { source, json, color }: GlobalOptions,
  gather: GatherFacts,
): Promise<number> {
  const verdict = judge(await gather(context.procRoot, liveSource(source)));
  const complete = verdict.source !== null && verdict.limits.length === 0;
  if (json) writeJson(context, verdict, complete);
  else writeText(context, verdict, color);
  return complete ? EXIT.done : EXIT.failed;
}

function writeJson({ stdout }: Context, verdict: Verdict, complete: boolean): void {
  const { source, why, rows } = verdict;
  stdout.write(`${jsonText({ source, why, complete, rows })}\n`);
}

function writeText(
  { stdout, env }: Context,
  verdict: Verdict,
  color: GlobalOptions["color"],
): void {
  const lines = renderDoctor(verdict, stdout.columns, useColor(color, stdout, env));
  stdout.write(lines.map((line) => `${line}\n`).join(""));
}
