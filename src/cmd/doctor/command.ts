/**
 * `fh doctor`: what this host allows, which source would be used, and what to do about it.
 *
 * @module
 */
import { command, type CommandSpec } from "../../cli/command.ts";
import type { Facts } from "../../source/probe/probe.ts";

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
    async run(context, _operands, options): Promise<number> {
      const { runDoctor } = await import("./run.ts");
      return await runDoctor(context, options, gather);
    },
  });
}
