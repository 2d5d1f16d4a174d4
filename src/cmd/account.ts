/**
 * `fh account`: files of BSD process accounting, and what jobs have used by them.
 *
 * @module
 */
import type { CommandSpec } from "./command.ts";
import { FILTER_OPTIONS } from "./filter.ts";
import { parseChoice } from "./values.ts";

/** What sums are made by. */
export const ACCOUNT_KEYS = ["command", "user"] as const;

const FILTERS = ["--user", "--comm", "--failed"];

/** The command. */
export const accountCommand: CommandSpec = {
  name: "account",
  operands: "",
  summary: "what jobs, commands and users have used, by accounting files",
  options: [
    { flags: "-d, --dump", description: "show an accounting file, or a job file" },
    { flags: "-x, --compute", description: "sum up an accounting file, for jobs or altogether" },
    { flags: "-a, --acct <file>", description: "a file of BSD process accounting: accton(8)" },
    { flags: "-j, --jobs <file>", description: "a job file: who was in which job" },
    {
      flags: "--by <what>",
      description: "sums by command or user",
      parse: parseChoice("key", ACCOUNT_KEYS),
      values: ACCOUNT_KEYS,
    },
    ...FILTER_OPTIONS.filter(({ flags }) => FILTERS.some((name) => flags.includes(name))),
    { flags: "--csv", description: "CSV with a heading instead of columns" },
    { flags: "--elsa", description: "the seven lines of ELSA for each job" },
  ],
  examples: [
    "fh account -x -a /var/log/account/pacct --by command  what took the time?",
    "fh account -x -a pacct -j jobs.ndjson  what did each job use?",
    "fh account -d -a pacct --failed  what failed, and who had started it",
  ],
  async run(context, _operands, options): Promise<number> {
    const { runAccount } = await import("./account_run.ts");
    return await runAccount(context, options);
  },
};
