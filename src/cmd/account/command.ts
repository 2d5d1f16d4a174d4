/**
 * `fh account`: what has been used, by the history and by files of BSD process accounting.
 *
 * @module
 */
import { FLEET_OPTIONS } from "../fleet/options.ts";
import { ACCOUNT_KEYS } from "../../ask/account_keys.ts";
import { SORT_KEYS } from "../../ask/account_sort.ts";
import { FILTER } from "../../cli/filter_options.ts";
import { parseChoice, parseCount } from "../../ask/text/values.ts";
import { command, type CommandSpec } from "../../cli/command.ts";
import { WIDE } from "../../cli/globals.ts";
import { asText, flag, opt } from "../../cli/option.ts";

/** Options that ask for a file; without them the history is asked. */
const OF_FILES = ["dump", "compute", "acct", "jobs", "elsa"] as const;

/** The command. */
export const accountCommand: CommandSpec = command({
  name: "account",
  operands: "",
  summary: "what commands, users, units and jobs have used",
  options: [
    opt(
      "--by <what>",
      parseChoice("key", ACCOUNT_KEYS),
      "by command (default), parent, user, unit, container, exit, job or job-name",
      ACCOUNT_KEYS,
    ),
    opt("--since <when>", asText, "what ended from that time on: 14:30, '10m ago'"),
    opt("--until <when>", asText, "what ended before that time"),
    FILTER.pid,
    FILTER.user,
    FILTER.comm,
    FILTER.match,
    FILTER.failed,
    FILTER.minDuration,
    FILTER.cgroup,
    opt(
      "--sort <key>",
      parseChoice("key", SORT_KEYS),
      "largest first by cpu (default) or another column, or by name",
      SORT_KEYS,
    ),
    opt("-n, --limit <n>", parseCount, "the first so many; of records the last"),
    ...FLEET_OPTIONS,
    flag("--csv", "CSV with a heading instead of columns"),
    flag("-d, --dump", "instead of the history: show an accounting or job file"),
    flag("-x, --compute", "sum up an accounting file, for jobs or altogether"),
    opt("-a, --acct <file>", asText, "a file of BSD process accounting: accton(8)"),
    opt("-j, --jobs <file>", asText, "a job file: who was in which job"),
    flag("--elsa", "with -x and -j: the seven lines of ELSA for each job"),
    WIDE,
  ],
  examples: [
    "fh account --since today  what took the time today",
    "fh account --by unit --csv  what each service has cost",
    "fh account --by parent --sort count -n 5  who starts most",
    "fh account -p ci.sh  what ci.sh has cost, with all below",
    "fh account --by job --since '1h ago'  what jobs have cost",
    "fh account --by job-name --host '*'  and all of a name, on all hosts",
    "fh account -x -a pacct --by user  by an accounting file",
    "fh account -x -a pacct -j jobs.ndjson  for each job of a file",
    "fh account -d -a pacct --failed  what failed, and whose it was",
  ],
  pages: () => true,
  async run(context, _operands, options): Promise<number> {
    if (OF_FILES.some((name) => options[name] !== undefined)) {
      const { runAccount } = await import("./files.ts");
      return await runAccount(context, options);
    }
    const { runPastAccount } = await import("./past.ts");
    return await runPastAccount(context, options);
  },
});
