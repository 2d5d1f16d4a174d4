/**
 * `fh run`: a command as a job, with its account at the end.
 *
 * @module
 */
import type { RedactSettings } from "../../ask/text/redact.ts";
import { parseChoice } from "../../ask/text/values.ts";
import { command, type CommandSpec } from "../../cli/command.ts";
import type { GlobalOptions } from "../../cli/globals.ts";
import { asText, flag, opt, type OptionsOf } from "../../cli/option.ts";
import { REDACT_OPTIONS } from "../../cli/redact_options.ts";
import { FORMATS } from "../../report/formats.ts";
import { CAPTURE_OPTIONS } from "../capture_options.ts";

const NAMES = FORMATS.map(({ name }) => name);

const OPTIONS = [
  opt("--name <name>", asText, "what the job is called (default: the command)"),
  opt("--report <file>", asText, "write a report there, in the format that its name ends with"),
  opt("--format <name>", parseChoice("format", NAMES), "in that format of fh report", NAMES),
  opt("--save <file>", asText, "save all its processes there, for fh report --run"),
  flag("--wait-all", "wait until the last descendant has ended"),
  ...REDACT_OPTIONS,
  ...CAPTURE_OPTIONS,
] as const;

/** What the command line gives. */
export type RunOptions = GlobalOptions & OptionsOf<typeof OPTIONS> & RedactSettings;

/** The command. */
export const runCommand: CommandSpec = command({
  name: "run",
  operands: "<command...>",
  startsCommand: true,
  summary: "run a command; tell what it started and what that cost",
  options: OPTIONS,
  examples: [
    "fh run -- make -j8  what did this build run, and where did the time go?",
    "fh run --json --report build.json -- make  the same for scripts",
    "fh run --report build.html -- make  a page to look at; see fh report",
    "fh run --wait-all -- ./start-daemon  until the last that it left behind has ended",
  ],
  async run(context, operands, options): Promise<number> {
    const { runRun } = await import("./run.ts");
    return await runRun(context, operands, options);
  },
});
