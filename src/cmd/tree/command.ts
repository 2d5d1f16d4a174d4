/**
 * `fh tree`: who started whom, as it is now.
 *
 * @module
 */
import { parseChoice, parseCount, parseDuration } from "../../ask/text/values.ts";
import { command, type CommandSpec } from "../../cli/command.ts";
import { WIDE } from "../../cli/globals.ts";
import { asText, flag, maybe, opt, unless } from "../../cli/option.ts";
import { FLEET_OPTIONS } from "../fleet/options.ts";
import { REDACT_OPTIONS } from "../../cli/redact_options.ts";

const FORMS = ["flat"] as const;

/** The command. */
export const treeCommand: CommandSpec = command({
  name: "tree",
  operands: "[process]",
  offers: ["process"],
  summary: "show who started whom: the host, or one process with its kin",
  options: [
    opt("-d, --depth <n>", parseCount, "levels below the process"),
    flag("-A, --ancestors", "the process and its ancestors only"),
    flag("-D, --descendants", "the process and its descendants only"),
    unless("--no-fold", "a line for each of three or more siblings that are alike"),
    flag("--kernel", "kernel threads too, when no process is named"),
    flag("--times", "when each started and how long it lasted; siblings are not folded"),
    flag("--bars", "a bar for each on the wall clock; siblings are not folded"),
    opt("--at <when>", asText, "as it was at that time: 03:12, '1h ago', yesterday"),
    opt("--since <when>", asText, "all that lived from that time on"),
    opt("--until <when>", asText, "all that lived up to that time"),
    opt(
      "-n, --limit <n>",
      parseCount,
      "of the dead below the process, the newest so many (default: 1000)",
    ),
    maybe(
      "--json[=<form>]",
      parseChoice("form of JSON", FORMS),
      "one JSON object for each root; flat: a line for each process",
      FORMS,
    ),
    flag("--watch", "keep it up to date, until Ctrl-C; needs a terminal"),
    opt(
      "--keep <time>",
      parseDuration,
      "with --watch: how long to show what has ended (default: 10s)",
    ),
    ...FLEET_OPTIONS,
    ...REDACT_OPTIONS,
    WIDE,
  ],
  examples: [
    "fh tree  all processes of this host",
    "fh tree 1234  a process with its ancestors and descendants",
    "fh tree ci.sh  the newest of that name, be it a program or a script",
    "fh tree 1234@03:12  the one that had this pid then; or an id",
    "fh tree --at '1h ago'  the host as it was",
    "fh tree --bars make  where did the time of this build go?",
    "fh tree --watch $$  what this shell starts, as it happens",
    "fh tree --json=flat | jq .comm  for scripts: a line for each process",
    "fh tree --json 1 | jq .  the same as one object, with children",
  ],
  pages: ({ watch }) => !watch,
  async run(context, operands, options): Promise<number> {
    const { runTree } = await import("./run.ts");
    return await runTree(context, operands, options);
  },
});
