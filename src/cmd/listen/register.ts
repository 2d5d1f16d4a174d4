/**
 * `fh register`: has a process told of forks by a signal.
 *
 * @module
 */
import { command, type CommandSpec } from "../../cli/command.ts";
import type { GlobalOptions } from "../../cli/globals.ts";
import { asText, flag, opt, type OptionsOf } from "../../cli/option.ts";

/** Names the server. */
export const SOCKET_OPTION = opt(
  "--socket <path>",
  asText,
  "the server's socket, instead of FH_SOCKET or the default",
);

const OPTIONS = [
  opt("--pid <process>", asText, "the process that is told"),
  opt(
    "--sig <signal>",
    asText,
    "a real-time signal it awaits: SIGRTMIN+3, or 37",
    "real-time signal",
  ),
  opt("--scope <process>", asText, "only forks by that process and its descendants"),
  flag("--exclusive", "nobody else is told as long as this lasts"),
  flag("--threads", "tell of new threads too"),
  SOCKET_OPTION,
] as const;

/** What they give. */
export type RegisterOptions = GlobalOptions & OptionsOf<typeof OPTIONS>;

/** The command. */
export const registerCommand: CommandSpec = command({
  name: "register",
  operands: "",
  summary: "send a program a signal at each fork",
  options: OPTIONS,
  examples: [
    "fh register --pid 4711 --sig SIGRTMIN+3  tell 4711 of every fork",
    "fh register --pid 4711 --sig 37 --scope 4700  of those by 4700 and below",
    "fh unregister --pid 4711  and no more",
  ],
  async run(context, _operands, options): Promise<number> {
    const { runRegister } = await import("./run.ts");
    return await runRegister(context, options);
  },
});
