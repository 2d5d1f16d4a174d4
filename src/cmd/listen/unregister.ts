/**
 * `fh unregister`: ends what `fh register` began.
 *
 * @module
 */
import { command, type CommandSpec } from "../../cli/command.ts";
import type { GlobalOptions } from "../../cli/globals.ts";
import { asText, opt, type OptionsOf } from "../../cli/option.ts";
import { SOCKET_OPTION } from "./register.ts";

const OPTIONS = [
  opt("--pid <process>", asText, "the process that was told"),
  SOCKET_OPTION,
] as const;

/** What they give. */
export type UnregisterOptions = GlobalOptions & OptionsOf<typeof OPTIONS>;

/** The command. */
export const unregisterCommand: CommandSpec = command({
  name: "unregister",
  operands: "",
  summary: "send a program no more signals",
  options: OPTIONS,
  examples: ["fh unregister --pid 4711  tell 4711 of no more forks"],
  async run(context, _operands, options): Promise<number> {
    const { runUnregister } = await import("./run.ts");
    return await runUnregister(context, options);
  },
});
