/**
 * `fh watch`: the stream of what is started, and what becomes of it.
 *
 * @module
 */
import { FILTER_OPTIONS } from "../../cli/filter_options.ts";
import type { RedactSettings } from "../../ask/text/redact.ts";
import { parseCount, parseDuration, parseNames, parseRate } from "../../ask/text/values.ts";
import { command, type CommandSpec } from "../../cli/command.ts";
import type { GlobalOptions } from "../../cli/globals.ts";
import { asText, flag, opt, type OptionsOf } from "../../cli/option.ts";
import { REDACT_OPTIONS } from "../../cli/redact_options.ts";
import { quoteArgv } from "../../text/quote.ts";
import { CAPTURE_OPTIONS } from "../capture_options.ts";

const OPTIONS = [
  ...FILTER_OPTIONS,
  opt("--duration <time>", parseDuration, "stop after that time"),
  opt("--count <n>", parseCount, "stop after n events"),
  flag("--stats", "end with a summary"),
  flag("--findings", "say what is wrong, too, as soon as it is found"),
  flag("--tree", "indent by depth"),
  flag("--snapshot", "begin with the processes that already run"),
  opt("--env <names>", parseNames, "show these environment variables"),
  ...REDACT_OPTIONS,
  ...CAPTURE_OPTIONS,
  opt(
    "--rate <n>x",
    parseRate,
    "with --source replay: n times the speed it had (default: as fast as can be)",
  ),
  opt("--since <when>", asText, "with --source replay: from that time on"),
  opt("--until <when>", asText, "with --source replay: up to that time"),
] as const;

/** What the command line gives. */
export type WatchOptions = GlobalOptions & OptionsOf<typeof OPTIONS> & RedactSettings;

/** The command. */
export const watchCommand: CommandSpec = command({
  name: "watch",
  operands: "[command...]",
  startsCommand: true,
  meant: (operands) => {
    const [first = ""] = operands;
    const filter = /^\d+$/.test(first) ? "-p" : "-c";
    return `fh watch ${filter} ${quoteArgv([first])}, or fh watch -- ${quoteArgv(operands)}`;
  },
  summary: "stream what is started, by whom, and what becomes of it",
  options: OPTIONS,
  examples: [
    "fh watch  everything on this host",
    "fh watch --failed  what fails",
    "fh watch -p 1234 --json  a process and its descendants, for scripts",
    "fh watch --source replay --since 03:00 --rate 10x  the night again, from the history",
    "fh watch --stats -- make -j8  run a build and see what it starts",
  ],
  async run(context, operands, options): Promise<number> {
    // Loaded when it is wanted: start-up is most of what a short command takes.
    const { CaptureThread } = await import("../../source/thread.ts");
    const isReady = options.source === "replay" || context.capture !== undefined;
    const ahead = isReady ? context : { ...context, capture: CaptureThread.prepare() };
    const { runWatch } = await import("./run.ts");
    return await runWatch(ahead, operands, options);
  },
});
