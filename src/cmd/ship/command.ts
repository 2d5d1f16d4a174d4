/**
 * `fh ship`: this host's history to somewhere else.
 *
 * @module
 */
import { parseCount } from "../../ask/text/values.ts";
import { command, type CommandSpec } from "../../cli/command.ts";
import type { GlobalOptions } from "../../cli/globals.ts";
import { asText, flag, opt, type OptionsOf, unless } from "../../cli/option.ts";
import { parseTarget } from "../../ship/open/targets.ts";
import { parseShipFilter } from "./setup.ts";

const OPTIONS = [
  opt("--to <url>", parseTarget, "a fleet, a stream of NATS, or a collector", null),
  opt("--host-name <name>", asText, "what this host is called there", null),
  opt("--rate <n>", parseCount, "lives a second at most (default: 10000)"),
  opt(
    "--ship-filter <filter>",
    parseShipFilter,
    "which lives, by options of fh log: '-u www-data --failed'",
  ),
  unless("--no-argv", "command lines stay here"),
  flag("--once", "end when all that is there now is shipped"),
] as const;

/** What the command line gives. */
export type ShipCommandOptions = GlobalOptions & OptionsOf<typeof OPTIONS>;

/** The command. */
export const shipCommand: CommandSpec = command({
  name: "ship",
  operands: "",
  summary: "ship this host's history into a fleet, to NATS or to OpenTelemetry",
  options: OPTIONS,
  examples: [
    "fh ship --to postgres://web1@db/fleet  until Ctrl-C; goes on where it was",
    "fh ship --to postgres://web1@db/fleet --once  all that is there now",
    "fh ship --to 'postgres://?service=fleet' --no-argv  without command lines",
    "fh ship --to postgres:///fleet --ship-filter '-u www-data'  not all",
    "fh ship --to nats://nats.example.org/PROC  into a stream of JetStream",
    "fh ship --to otlp://collector.example.org  logs, and traces of jobs",
  ],
  async run(context, _operands, options): Promise<number> {
    const { runShip } = await import("./run.ts");
    return await runShip(context, options);
  },
});
