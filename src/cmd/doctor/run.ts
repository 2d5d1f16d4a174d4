/**
 * What `fh doctor` does.
 *
 * @module
 */
import type { NextStep } from "../../ask/next_steps.ts";
import { type Context, useColor } from "../../cli/command.ts";
import { type GlobalOptions, liveSource } from "../../cli/globals.ts";
import { EXIT } from "../../fault.ts";
import { judge, type Verdict } from "../../source/probe/probe_judge.ts";
import { jsonText } from "../../text/json_text.ts";
import { renderDoctor } from "../../view/doctor.ts";
import type { DoctorWorld } from "./command.ts";

/** Runs the command; the exit status comes back: 0 where nothing is left to be done. */
export async function runDoctor(
  context: Context,
  { source, json, color }: GlobalOptions,
  { gather, next: nextOf }: DoctorWorld,
): Promise<number> {
  const verdict = judge(await gather(context.procRoot, liveSource(source)));
  const complete = verdict.source !== null && verdict.limits.length === 0;
  const next = await nextOf(context, verdict);
  if (json) writeJson(context, verdict, complete, next);
  else writeText(context, verdict, color, next);
  return complete ? EXIT.done : EXIT.failed;
}

function writeJson(
  { stdout }: Context,
  verdict: Verdict,
  complete: boolean,
  next: NextStep | null,
): void {
  const { source, why, rows } = verdict;
  stdout.write(`${jsonText({ source, why, complete, rows, next: next?.command ?? null })}\n`);
}

function writeText(
  { stdout, env }: Context,
  verdict: Verdict,
  color: GlobalOptions["color"],
  next: NextStep | null,
): void {
  const lines = renderDoctor(verdict, stdout.columns, useColor(color, stdout, env));
  const more = next === null ? [] : ["", `Next: ${next.command}`, `      ${next.does}`];
  const all = [...lines, ...more];
  stdout.write(all.map((line) => `${line}\n`).join(""));
}
