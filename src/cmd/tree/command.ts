/**
 * `fh tree`: who started whom, as it is now.
 *
 * @module
 */
import { parseCount, parseDuration } from "../../ask/text/values.ts";
import type { CommandSpec } from "../../cli/command.ts";
import { REDACT_OPTIONS } from "../../cli/redact_options.ts";

/** The command. */
export const treeCommand: CommandSpec = {
  name: "tree",
  operands: "[process]",
  summary: "show who started whom: the host, or one process with its kin",
  options: [
    { flags: "-d, --depth <n>", description: "levels below the process", parse: parseCount },
    { flags: "-A, --ancestors", description: "the process and its ancestors only" },
    { flags: "-D, --descendants", description: "the process and its descendants only" },
    { flags: "--no-fold", description: "a line for each of three or more siblings that are alike" },
    { flags: "--kernel", description: "kernel threads too, when no process is named" },
    { flags: "--at <when>", description: "as it was at that time: 03:12, '1h ago', yesterday" },
    { flags: "--since <when>", description: "all that lived from that time on" },
    { flags: "--until <when>", description: "all that lived up to that time" },
    {
      flags: "--limit <n>",
      description: "of the dead below the process, the newest so many (default: 1000)",
      parse: parseCount,
    },
    { flags: "--watch", description: "keep it up to date, until Ctrl-C; needs a terminal" },
    {
      flags: "--keep <time>",
      description: "with --watch: how long to show what has ended (default: 10s)",
      parse: parseDuration,
    },
    ...REDACT_OPTIONS,
  ],
  examples: [
    "fh tree  all processes of this host",
    "fh tree 1234  a process, its ancestors and all its descendants",
    "fh tree 1234@03:12  the one that had this pid then; or an id",
    "fh tree --at '1h ago'  the host as it was",
    "fh tree --watch $$  what this shell starts, as it happens",
    "fh tree --json 1 | jq .  for scripts: one line for each root",
  ],
  async run(context, operands, options): Promise<number> {
    const { runTree } = await import("./run.ts");
    return await runTree(context, operands, options);
  },
};
