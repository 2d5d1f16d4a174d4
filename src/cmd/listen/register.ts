/**
 * `fh register`: has a process told of forks by a signal.
 *
 * @module
 */
import { parsePid } from "../../ask/text/values.ts";
import type { CommandSpec, OptionSpec } from "../../cli/command.ts";

/** Names the server. */
export const SOCKET_OPTION: OptionSpec = {
  flags: "--socket <path>",
  description: "the server's socket, instead of FH_SOCKET or the default",
};

/** The command. */
export const registerCommand: CommandSpec = {
  name: "register",
  operands: "",
  summary: "send a program a signal at each fork",
  options: [
    { flags: "--pid <pid>", description: "the process that is told", parse: parsePid },
    { flags: "--sig <signal>", description: "a real-time signal it awaits: SIGRTMIN+3, or 37" },
    {
      flags: "--scope <pid>",
      description: "only forks by that process and its descendants",
      parse: parsePid,
    },
    { flags: "--exclusive", description: "nobody else is told as long as this lasts" },
    { flags: "--threads", description: "tell of new threads too" },
    SOCKET_OPTION,
  ],
  examples: [
    "fh register --pid 4711 --sig SIGRTMIN+3  tell 4711 of every fork",
    "fh register --pid 4711 --sig 37 --scope 4700  of those by 4700 and below",
    "fh unregister --pid 4711  and no more",
  ],
  async run(context, _operands, options): Promise<number> {
    const { runRegister } = await import("./run.ts");
    return await runRegister(context, options);
  },
};
