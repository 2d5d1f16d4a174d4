/**
 * `fh account`: what has been used, by the history and by files of BSD process accounting.
 *
 * @module
 */
import { ACCOUNT_KEYS } from "../../ask/account_keys.ts";
import { FILTER_OPTIONS } from "../../cli/filter_options.ts";
import { parseChoice } from "../../ask/text/values.ts";
import type { CommandSpec } from "../../cli/command.ts";

const FILTERS = ["--user", "--comm", "--failed"];
/** Options that ask for a file; without them the history is asked. */
const OF_FILES = ["dump", "compute", "acct", "jobs", "elsa"];

/** The command. */
export const accountCommand: CommandSpec = {
  name: "account",
  operands: "",
  summary: "what commands, users, units and jobs have used",
  options: [
    {
      flags: "--by <what>",
      description: "sums by command (default), user, unit or job",
      parse: parseChoice("key", ACCOUNT_KEYS),
      values: ACCOUNT_KEYS,
    },
    { flags: "--since <when>", description: "what ended from that time on: 14:30, '10m ago'" },
    { flags: "--until <when>", description: "what ended before that time" },
    ...FILTER_OPTIONS.filter(({ flags }) => FILTERS.some((name) => flags.includes(name))),
    { flags: "--csv", description: "CSV with a heading instead of columns" },
    { flags: "-d, --dump", description: "instead of the history: show an accounting or job file" },
    { flags: "-x, --compute", description: "sum up an accounting file, for jobs or altogether" },
    { flags: "-a, --acct <file>", description: "a file of BSD process accounting: accton(8)" },
    { flags: "-j, --jobs <file>", description: "a job file: who was in which job" },
    { flags: "--elsa", description: "with -x and -j: the seven lines of ELSA for each job" },
  ],
  examples: [
    "fh account --since today  what took the time today",
    "fh account --by unit --csv  what each service has cost",
    "fh account --by job --since '1h ago'  what jobs have cost",
    "fh account -x -a pacct --by user  by an accounting file",
    "fh account -x -a pacct -j jobs.ndjson  for each job of a file",
    "fh account -d -a pacct --failed  what failed, and whose it was",
  ],
  async run(context, _operands, options): Promise<number> {
    if (OF_FILES.some((name) => options[name] !== undefined)) {
      const { runAccount } = await import("./files.ts");
      return await runAccount(context, options);
    }
    const { runPastAccount } = await import("./past.ts");
    return await runPastAccount(context, options);
  },
};
