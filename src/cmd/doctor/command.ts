/**
 * `fh doctor`: what this host allows, which source would be used, and what to do about it.
 *
 * @module
 */
import { command, type CommandSpec, type Context } from "../../cli/command.ts";
import type { NextStep } from "../../ask/next_steps.ts";
import type { Verdict } from "../../source/probe/probe_judge.ts";
import type { Facts } from "../../source/probe/probe.ts";

/** Tries what the host allows. */
export type GatherFacts = (
  procRoot: string,
  source: "auto" | "connector" | "poll",
) => Promise<Facts>;

/** What it is made of. */
export interface DoctorWorld {
  readonly gather: GatherFacts;
  /** The one command to run next; null where nothing is known that would help. */
  readonly next: (context: Context, verdict: Verdict) => Promise<NextStep | null>;
}

/** The command. */
export const doctorCommand: CommandSpec = doctorWith({
  gather: async (procRoot, source) => {
    const { gatherFacts } = await import("../../source/probe/probe.ts");
    return await gatherFacts(procRoot, source);
  },
  next: async (context, verdict) => {
    const { nextAfter } = await import("./next.ts");
    return await nextAfter(context, verdict);
  },
});

/** The command on other facts than this host's. */
export function doctorWith(world: DoctorWorld): CommandSpec {
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
      return await runDoctor(context, options, world);
    },
  });
}
