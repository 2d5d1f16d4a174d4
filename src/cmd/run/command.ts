/**
 * `fh run`: a command as a job, with its account at the end.
 *
 * @module
 */
import type { CommandSpec } from "../../cli/command.ts";
import { REDACT_OPTIONS } from "../../cli/redact_options.ts";
import { CAPTURE_OPTIONS } from "../capture_options.ts";

/** The command. */
export const runCommand: CommandSpec = {
  name: "run",
  operands: "<command...>",
  startsCommand: true,
  summary: "run a command, and tell what it started and what that cost",
  options: [
    { flags: "--name <name>", description: "what the job is called (default: the command)" },
    { flags: "--report <file>", description: "write the account there, not to standard error" },
    { flags: "--wait-all", description: "wait until the last descendant has ended" },
    ...REDACT_OPTIONS,
    ...CAPTURE_OPTIONS,
  ],
  examples: [
    "fh run -- make -j8  what did this build run, and where did the time go?",
    "fh run --json --report build.json -- make  the same for scripts",
    "fh run --wait-all -- ./start-daemon  until the last that it left behind has ended",
  ],
  async run(context, operands, options): Promise<number> {
    const { runRun } = await import("./run.ts");
    return await runRun(context, operands, options);
  },
};
