/**
 * `fh metrics`: what a recorder would tell Prometheus, once.
 *
 * @module
 */
import { command, type CommandSpec } from "../../cli/command.ts";
import type { GlobalOptions } from "../../cli/globals.ts";
import { asText, opt, type OptionsOf } from "../../cli/option.ts";
import { SOCKET_OPTION } from "../listen/register.ts";

const OPTIONS = [
  opt("--textfile <path>", asText, "write it there, for node_exporter; whole at any moment"),
  SOCKET_OPTION,
] as const;

/** What the command line gives. */
export type MetricsOptions = GlobalOptions & OptionsOf<typeof OPTIONS>;

/** The command. */
export const metricsCommand: CommandSpec = command({
  name: "metrics",
  operands: "",
  summary: "print what fh record counts, as Prometheus reads it",
  options: OPTIONS,
  examples: [
    "fh metrics  what the recorder has counted so far",
    "fh metrics --textfile /srv/textfile/fh.prom  once a minute",
    "fh metrics --json  a line for each metric, for scripts",
    "fh record --metrics 9811  or let Prometheus scrape the recorder",
  ],
  async run(context, _operands, options): Promise<number> {
    const { runMetrics } = await import("./run.ts");
    return await runMetrics(context, options);
  },
});
