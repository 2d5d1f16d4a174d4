/**
 * `fh export`: a part of the history as a file to hand on.
 *
 * @module
 */
import type { CommandSpec } from "../../cli/command.ts";

/** The command. */
export const exportCommand: CommandSpec = {
  name: "export",
  operands: "",
  summary: "write a part of the history as a file of its own",
  options: [
    { flags: "--since <when>", description: "what lived from that time on: 03:00, '2h ago'" },
    { flags: "--until <when>", description: "what lived up to that time" },
    { flags: "-o, --output <path>", description: "a new file, instead of standard output" },
  ],
  examples: [
    "fh export --since '2h ago' > incident.db  for a colleague",
    "fh tree --db incident.db --at 03:12  what the colleague does with it",
    "fh watch --db incident.db --source replay --rate 10x  or plays it back",
  ],
  async run(context, _operands, options): Promise<number> {
    const { runExport } = await import("./run.ts");
    return await runExport(context, options);
  },
};
