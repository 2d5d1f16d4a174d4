/**
 * `fh serve`: tells other programs, and keeps no history.
 *
 * @module
 */
import type { CommandSpec } from "./command.ts";
import { REDACT_OPTIONS } from "./redact_options.ts";
import { LISTEN_OPTIONS } from "./socket_options.ts";
import { parsePeriod } from "./values.ts";

/** The command. */
export const serveCommand: CommandSpec = {
  name: "serve",
  operands: "",
  summary: "tell registered applications and subscribers, without a history",
  options: [
    ...LISTEN_OPTIONS,
    ...REDACT_OPTIONS,
    {
      flags: "--interval <time>",
      description: "shortest poll period (default: adapts, 1ms to 10ms)",
      parse: parsePeriod,
    },
    { flags: "--no-realtime", description: "no real-time scheduling of the capture thread" },
  ],
  examples: [
    "fh serve  until Ctrl-C, on the default socket",
    "fh serve --socket-group adm  for the members of that group, too",
    "fh record  the same, and keeps the history",
  ],
  async run(context, _operands, options): Promise<number> {
    const { runServe } = await import("./serve_run.ts");
    return await runServe(context, options);
  },
};
