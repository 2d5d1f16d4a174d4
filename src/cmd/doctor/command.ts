/**
 * `fh doctor`: what this host allows, which source would be used, and what to do about it.
 *
 * @module
 */
import { command, type CommandSpec, type Context, useColor } from "../../cli/command.ts";
import { type GlobalOptions, liveSource } from "../../cli/globals.ts";
import { EXIT } from "../../fault.ts";
import type { Facts } from "../../source/probe/probe.ts";
import { judge, type Verdict } from "../../source/probe/probe_judge.ts";
import { jsonText } from "../../text/json_text.ts";
import { renderDoctor } from "../../view/doctor.ts";

/** Tries what the host allows. */
export type GatherFacts = (
  procRoot: string,
  source: "auto" | "connector" | "poll",
) => Promise<Facts>;

/** The command. */
export const doctorCommand: CommandSpec = doctorWith(async (procRoot, source) => {
  const { gatherFacts } = await import("../../source/probe/probe.ts");
  return await gatherFacts(procRoot, source);
});

/** The command on other facts than this host's. */
export function doctorWith(gather: GatherFacts): CommandSpec {
  return command({
    name: "doctor",
    operands: "",
    summary: "what this host allows, and what to do about it",
    options: [],
    examples: [
      "fh doctor  as the user who will run fh watch",
      "sudo fh doctor  what root would see",
      "fh doctor --json | jq .complete  for scripts; the exit status says the same",
    ],
    async run(context, _operands, { source, json, color }): Promise<number> {
      const verdict = judge(await gather(context.procRoot, liveSource(source)));
      const complete = verdict.source !== null && verdict.limits.length === 0;
      if (json) writeJson(context, verdict, complete);
      else writeText(context, verdict, color);
      return complete ? EXIT.done : EXIT.failed;
    },
  });
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
