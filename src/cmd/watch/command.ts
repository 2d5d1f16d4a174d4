/**
 * `fh watch`: the stream of what is started, and what becomes of it.
 *
 * @module
 */
import { FILTER_OPTIONS } from "../../cli/filter_options.ts";
import { parseCount, parseDuration, parseNames, parseRate } from "../../ask/text/values.ts";
import type { CommandSpec } from "../../cli/command.ts";
import { REDACT_OPTIONS } from "../../cli/redact_options.ts";
import { quoteArgv } from "../../text/quote.ts";
import { CAPTURE_OPTIONS } from "../capture_options.ts";

/** The command. */
export const watchCommand: CommandSpec = {
  name: "watch",
  operands: "[command...]",
  startsCommand: true,
  meant: (operands) => {
    const [first = ""] = operands;
    const filter = /^\d+$/.test(first) ? "-p" : "-c";
    return `fh watch ${filter} ${quoteArgv([first])}, or fh watch -- ${quoteArgv(operands)}`;
  },
  summary: "stream what is started, by whom, and what becomes of it",
  options: [
    ...FILTER_OPTIONS,
    { flags: "--duration <time>", description: "stop after that time", parse: parseDuration },
    { flags: "--count <n>", description: "stop after n events", parse: parseCount },
    { flags: "--stats", description: "end with a summary" },
    { flags: "--tree", description: "indent by depth" },
    { flags: "--snapshot", description: "begin with the processes that already run" },
    { flags: "--env <names>", description: "show these environment variables", parse: parseNames },
    ...REDACT_OPTIONS,
    ...CAPTURE_OPTIONS,
    {
      flags: "--rate <n>x",
      description: "with --source replay: n times the speed it had (default: as fast as can be)",
      parse: parseRate,
    },
    { flags: "--since <when>", description: "with --source replay: from that time on" },
    { flags: "--until <when>", description: "with --source replay: up to that time" },
  ],
  examples: [
    "fh watch  everything on this host",
    "fh watch --failed  what fails",
    "fh watch -p 1234 --json  a process and its descendants, for scripts",
    "fh watch --source replay --since 03:00 --rate 10x  the night again, from the history",
    "fh watch --stats -- make -j8  run a build and see what it starts",
  ],
  async run(context, operands, options): Promise<number> {
    // Loaded when it is wanted: start-up is most of what a short command takes.
    const { runWatch } = await import("./run.ts");
    return await runWatch(context, operands, options);
  },
};
