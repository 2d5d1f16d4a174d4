/**
 * `fh log`: past processes, from the history.
 *
 * @module
 */
import { FLEET_OPTIONS } from "../fleet/options.ts";
import { FILTER } from "../../cli/filter_options.ts";
import { parseCount } from "../../ask/text/values.ts";
import { command, type CommandSpec } from "../../cli/command.ts";
import { WIDE } from "../../cli/globals.ts";
import { asText, flag, opt } from "../../cli/option.ts";

/** The command. */
export const logCommand: CommandSpec = command({
  name: "log",
  operands: "",
  summary: "list past processes: what ended, how, and after how long",
  options: [
    FILTER.pid,
    { ...FILTER.event, description: "events to list (default: exit)" },
    FILTER.user,
    FILTER.comm,
    FILTER.match,
    FILTER.failed,
    FILTER.minDuration,
    FILTER.cgroup,
    opt("--since <when>", asText, "from that time on: 14:30, '10m ago', yesterday"),
    opt("--until <when>", asText, "up to that time"),
    opt("-n, --limit <n>", parseCount, "the newest so many (default: 100 when no time is given)"),
    flag("--reverse", "newest first"),
    flag("--tree", "as a tree, with the ancestors of what matches"),
    flag("--times", "with --tree: when each started and how long it lasted"),
    flag("--bars", "with --tree: a bar for each on the wall clock"),
    ...FLEET_OPTIONS,
    flag("-f, --follow", "go on with what happens now, until Ctrl-C"),
    WIDE,
  ],
  examples: [
    "fh log --failed --since today  what failed today",
    "fh log -u www-data -m curl  who of www-data ran curl, and when",
    "fh log -e exec --since '10m ago'  what was started in the last ten minutes",
    "fh log -p ci.sh -e exec  what the latest ci.sh has started",
    "fh log --tree --since 03:00 --until 03:05  what ended at night, and under whom",
    "fh log --host 'web*' -m curl --fleet postgres:///fleet  on many hosts (see fh fleet)",
    "fh log --follow --json | jq .comm  for scripts: one line for each process",
  ],
  pages: ({ follow }) => !follow,
  async run(context, _operands, options): Promise<number> {
    const { runLog } = await import("./run.ts");
    return await runLog(context, options);
  },
});
