/**
 * `fh top`: who costs, who forks and who fails, live.
 *
 * @module
 */
import { parseChoice, parseCount, parseDuration } from "../../ask/text/values.ts";
import { command, type CommandSpec } from "../../cli/command.ts";
import { asksFleet } from "../fleet/ask.ts";
import { FLEET_OPTIONS } from "../fleet/options.ts";
import type { GlobalOptions } from "../../cli/globals.ts";
import { FILTER } from "../../cli/filter_options.ts";
import { asText, opt, type OptionsOf } from "../../cli/option.ts";
import { REDACT_OPTIONS } from "../../cli/redact_options.ts";
import type { RedactSettings } from "../../ask/text/redact.ts";
import { UsageError } from "../../fault.ts";
import { TOP_COLUMNS, TOP_KEYS, type TopKey } from "../../top/columns.ts";

/** More often the looks themselves would cost too much. */
const INTERVAL_MIN_NS = 1e8;

/** Rows by host are those of a fleet. */
const KEYS = [...TOP_KEYS, "host"] as const;

const OPTIONS = [
  opt(
    "--by <key>",
    parseChoice("key", KEYS),
    "rows by that (default: command; of a fleet host)",
    KEYS,
  ),
  opt(
    "--sort <column>",
    parseChoice("column", TOP_COLUMNS),
    "the column to sort by (default: cpu)",
    TOP_COLUMNS,
  ),
  FILTER.pid,
  FILTER.user,
  FILTER.comm,
  FILTER.match,
  FILTER.cgroup,
  opt("--filter <text>", asText, "only rows whose name or command line has it"),
  opt("-n, --looks <n>", parseCount, "end after n looks (default: 1 where there is no terminal)"),
  opt("--interval <time>", parseInterval, "time from look to look (default: 1s; of a fleet 5s)"),
  opt("--limit <rows>", parseCount, "so many rows of a table or of JSON (default: 50)"),
  ...FLEET_OPTIONS,
  ...REDACT_OPTIONS,
] as const;

/** What the command line gives. */
export type AnyTopOptions = GlobalOptions & OptionsOf<typeof OPTIONS> & RedactSettings;

/** What it gives of one host. */
export type TopOptions = Omit<AnyTopOptions, "by"> & { readonly by?: TopKey };

/** The command. */
export const topCommand: CommandSpec = command({
  name: "top",
  operands: "",
  summary: "show who costs, who forks and who fails, live",
  options: OPTIONS,
  examples: [
    "fh top  by command, until q; ? tells the keys",
    "fh top --by unit --sort failed  which unit fails",
    "fh top --json -n 1 | jq .rows[0]  for scripts",
    "fh top --host 'web*'  which of many hosts (see fh fleet)",
  ],
  async run(context, _operands, options): Promise<number> {
    if (asksFleet(options)) {
      const { runFleetTop } = await import("./fleet.ts");
      return await runFleetTop(context, options);
    }
    const { by = "command" } = options;
    if (by === "host") {
      throw new UsageError("Bad option: --by host; it means something together with --host only");
    }
    const { runTop } = await import("./run.ts");
    return await runTop(context, { ...options, by });
  },
});

function parseInterval(text: string): number {
  const ns = parseDuration(text);
  if (ns >= INTERVAL_MIN_NS) return ns;
  throw new UsageError(`Bad interval: ${text}; give 100ms or more`);
}
