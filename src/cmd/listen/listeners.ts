/**
 * `fh listeners`: who is told of forks.
 *
 * @module
 */
import { command, type CommandSpec } from "../../cli/command.ts";
import type { GlobalOptions } from "../../cli/globals.ts";
import type { OptionsOf } from "../../cli/option.ts";
import { SOCKET_OPTION } from "./register.ts";

const OPTIONS = [SOCKET_OPTION] as const;

/** What they give. */
export type ListenersOptions = GlobalOptions & OptionsOf<typeof OPTIONS>;

/** The command. */
export const listenersCommand: CommandSpec = command({
  name: "listeners",
  operands: "",
  summary: "list who is sent signals or events by fh record or fh serve",
  options: OPTIONS,
  examples: [
    "fh listeners  who is told, how much, and what was lost",
    "fh listeners --json  the same for scripts",
  ],
  async run(context, _operands, options): Promise<number> {
    const { runListeners } = await import("./listeners_run.ts");
    return await runListeners(context, options);
  },
});
