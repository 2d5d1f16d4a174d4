/**
 * `fh export`: a part of the history as a file to hand on.
 *
 * @module
 */
import { command, type CommandSpec } from "../../cli/command.ts";
import type { GlobalOptions } from "../../cli/globals.ts";
import { asText, opt, type OptionsOf } from "../../cli/option.ts";

const OPTIONS = [
  opt("--since <when>", asText, "what lived from that time on: 03:00, '2h ago'"),
  opt("--until <when>", asText, "what lived up to that time"),
  opt("-o, --output <path>", asText, "a new file, instead of standard output"),
] as const;

/** What the command line gives. */
export type ExportOptions = GlobalOptions & OptionsOf<typeof OPTIONS>;

/** The command. */
export const exportCommand: CommandSpec = command({
  name: "export",
  operands: "",
  summary: "write a part of the history as a file of its own",
  options: OPTIONS,
  examples: [
    "fh export --since '2h ago' > incident.db  for a colleague",
    "fh tree --db incident.db --at 03:12  what the colleague does with it",
    "fh watch --db incident.db --source replay --rate 10x  or plays it back",
  ],
  async run(context, _operands, options): Promise<number> {
    const { runExport } = await import("./run.ts");
    return await runExport(context, options);
  },
});
