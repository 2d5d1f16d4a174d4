/**
 * `fh serve`: tells other programs, and keeps no history.
 *
 * @module
 */
import type { CommandSpec } from "../../cli/command.ts";
import { REDACT_OPTIONS } from "../../cli/redact_options.ts";
import { LISTEN_OPTIONS } from "../../cli/socket_options.ts";
import { CAPTURE_OPTIONS } from "../capture_options.ts";

/** The command. */
export const serveCommand: CommandSpec = {
  name: "serve",
  operands: "",
  summary: "tell registered applications and subscribers, without a history",
  options: [
    ...LISTEN_OPTIONS,
    ...REDACT_OPTIONS,
    ...CAPTURE_OPTIONS,
  ],
  examples: [
    "fh serve  until Ctrl-C, on the default socket",
    "fh serve --socket-group adm  for the members of that group, too",
    "fh record  the same, and keeps the history",
  ],
  async run(context, _operands, options): Promise<number> {
    const { runServe } = await import("./run.ts");
    return await runServe(context, options);
  },
};
