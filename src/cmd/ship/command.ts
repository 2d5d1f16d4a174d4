/**
 * `fh ship`: this host's history into a fleet.
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
  opt("--to <url>", parseTarget, "the database of the fleet: postgres://user@host/database", null),
  opt("--host-name <name>", asText, "what the fleet is to call this host", null),
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
  summary: "ship this host's history into the PostgreSQL of a fleet",
  options: OPTIONS,
  examples: [
    "fh ship --to postgres://web1@db/fleet  until Ctrl-C; goes on where it was",
    "fh ship --to postgres://web1@db/fleet --once  all that is there now",
    "fh ship --to 'postgres://?service=fleet' --no-argv  without command lines",
    "fh ship --to postgres://web1@db/fleet --ship-filter '-u www-data --failed'  not all",
  ],
  async run(context, _operands, options): Promise<number> {
    const { runShip } = await import("./run.ts");
    return await runShip(context, options);
  },
});
