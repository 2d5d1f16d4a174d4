/**
 * `fh unregister`: ends what `fh register` began.
 *
 * @module
 */
import { parsePid } from "../../ask/text/values.ts";
import type { CommandSpec } from "../../cli/command.ts";
import { SOCKET_OPTION } from "./register.ts";

/** The command. */
export const unregisterCommand: CommandSpec = {
  name: "unregister",
  operands: "",
  summary: "send a program no more signals",
  options: [
    { flags: "--pid <pid>", description: "the process that was told", parse: parsePid },
    SOCKET_OPTION,
  ],
  examples: ["fh unregister --pid 4711  tell 4711 of no more forks"],
  async run(context, _operands, options): Promise<number> {
    const { runUnregister } = await import("./run.ts");
    return await runUnregister(context, options);
  },
};
