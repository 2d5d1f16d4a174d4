/**
 * `fh serve`: tells other programs, and keeps no history.
 *
 * @module
 */
import type { RedactSettings } from "../../ask/text/redact.ts";
import { command, type CommandSpec } from "../../cli/command.ts";
import type { GlobalOptions } from "../../cli/globals.ts";
import type { OptionsOf } from "../../cli/option.ts";
import { REDACT_OPTIONS } from "../../cli/redact_options.ts";
import { LISTEN_OPTIONS } from "../../cli/socket_options.ts";
import { CAPTURE_OPTIONS } from "../capture_options.ts";

const OPTIONS = [
  ...LISTEN_OPTIONS,
  ...REDACT_OPTIONS,
  ...CAPTURE_OPTIONS,
] as const;

/** What the command line gives. */
export type ServeOptions = GlobalOptions & OptionsOf<typeof OPTIONS> & RedactSettings;

/** The command. */
export const serveCommand: CommandSpec = command({
  name: "serve",
  operands: "",
  summary: "tell registered applications and subscribers, without a history",
  options: OPTIONS,
  examples: [
    "fh serve  until Ctrl-C, on the default socket",
    "fh serve --socket-group adm  for the members of that group, too",
    "fh record  the same, and keeps the history",
  ],
  async run(context, _operands, options): Promise<number> {
    const { runServe } = await import("./run.ts");
    return await runServe(context, options);
  },
});
