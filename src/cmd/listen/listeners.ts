/**
 * `fh listeners`: who is told of forks.
 *
 * @module
 */
import type { CommandSpec } from "../../cli/command.ts";
import { SOCKET_OPTION } from "./register.ts";

/** The command. */
export const listenersCommand: CommandSpec = {
  name: "listeners",
  operands: "",
  summary: "list who is sent signals or events by fh record or fh serve",
  options: [SOCKET_OPTION],
  examples: [
    "fh listeners  who is told, how much, and what was lost",
    "fh listeners --json  the same for scripts",
  ],
  async run(context, _operands, options): Promise<number> {
    const { runListeners } = await import("./listeners_run.ts");
    return await runListeners(context, options);
  },
};
