/**
 * `fh log`: past processes, from the history.
 *
 * @module
 */
import { FILTER_OPTIONS } from "../../cli/filter_options.ts";
import { parseCount } from "../../ask/text/values.ts";
import type { CommandSpec } from "../../cli/command.ts";

/** The command. */
export const logCommand: CommandSpec = {
  name: "log",
  operands: "",
  summary: "list past processes: what ended, how, and after how long",
  options: [
    ...FILTER_OPTIONS.map((option) =>
      option.flags.includes("--event")
        ? { ...option, description: "events to list (default: exit)" }
        : option
    ),
    { flags: "--since <when>", description: "from that time on: 14:30, '10m ago', yesterday" },
    { flags: "--until <when>", description: "up to that time" },
    {
      flags: "-n, --limit <n>",
      description: "the newest so many (default: 100 when no time is given)",
      parse: parseCount,
    },
    { flags: "--reverse", description: "newest first" },
    { flags: "--tree", description: "as a tree, with the ancestors of what matches" },
    { flags: "-f, --follow", description: "go on with what happens now, until Ctrl-C" },
  ],
  examples: [
    "fh log --failed --since today  what failed today",
    "fh log -u www-data -m curl  who of www-data ran curl, and when",
    "fh log -e exec --since '10m ago'  what was started in the last ten minutes",
    "fh log --tree --since 03:00 --until 03:05  what ended at night, and under whom",
    "fh log --follow --json | jq .comm  for scripts: one line for each process",
  ],
  async run(context, _operands, options): Promise<number> {
    const { runLog } = await import("./run.ts");
    return await runLog(context, options);
  },
};
