/**
 * `fh complete`: what the shells' scripts ask, hidden from people.
 *
 * @module
 */
import { command, type CommandSpec, type GroupSpec } from "../../cli/command.ts";

/** The command for a program, which has it. */
export function completeCommand(program: () => GroupSpec): CommandSpec {
  return command({
    name: "complete",
    operands: "[words...]",
    startsCommand: true,
    hidden: true,
    summary: "tell what can stand at the last of some words of a command line",
    options: [],
    examples: [],
    async run(context, words): Promise<number> {
      const { runComplete } = await import("./run.ts");
      return await runComplete(context, program(), words);
    },
  });
}
