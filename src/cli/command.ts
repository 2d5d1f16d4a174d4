/**
 * What every command is, and what it is given: all effects go through the context.
 *
 * @module
 */

import type { BootEpoch } from "../model/batch.ts";
import type { StartCapture } from "../source/capture.ts";
import type { Output } from "../term/output.ts";

/** The world of a command. */
export interface Context {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /**
   * Aborted by SIGINT, SIGTERM, SIGHUP and others that end the program, and by a closed standard
   * output; the reason is the signal's name, `SIGPIPE` for the output.
   */
  readonly signal: AbortSignal;
  /** Has `listener` told of each signal first: whether it has dealt with it. Null undoes it. */
  readonly onSignal?: (listener: ((signal: NodeJS.Signals) => boolean) | null) => void;
  /**
   * Has the program end by that signal, once it ends with a status of 128 + its number, if it was
   * sent that signal itself.
   */
  readonly endBy?: (signal: NodeJS.Signals) => void;
  /** Where procfs is mounted. */
  readonly procRoot: string;
  /** Wall-clock time of boot; the clocks tell when not given. */
  readonly epoch?: BootEpoch | undefined;
  /** Starts the capture of commands that watch; the capture thread when not given. */
  readonly capture?: StartCapture;
}

/** An option as commander takes it. */
export interface OptionSpec {
  /** `-p, --pid <pid>` */
  readonly flags: string;
  readonly description: string;
  /** Turns the text into a value; throws {@linkcode UsageError}. */
  readonly parse?: (text: string) => unknown;
  readonly default?: unknown;
  /** May be given several times: the value is an array of all. */
  readonly repeatable?: boolean;
  /** Words that completion offers for the value. */
  readonly values?: readonly string[];
}

/** One command of the table in src/commands.ts. */
export interface CommandSpec {
  readonly name: string;
  /** Operands as commander spells them: `[pid]`, `[command...]`; empty when there are none. */
  readonly operands: string;
  /**
   * Its operands are a command and its arguments: from the first on, options are that command's.
   */
  readonly startsCommand?: true;
  /**
   * Operands are taken after `--` alone. Before it they are refused, by telling what was probably
   * meant, which this answers.
   */
  readonly meant?: (operands: readonly string[]) => string;
  /** One line for `fh --help`. */
  readonly summary: string;
  readonly options: readonly OptionSpec[];
  /** Lines for `--help`: a command, two spaces, what it does. */
  readonly examples: readonly string[];
  /** Does it; the exit status comes back. Options are named in camel case. */
  run(
    context: Context,
    operands: readonly string[],
    options: Readonly<Record<string, unknown>>,
  ): Promise<number>;
}

/** Whether to use colour: `--color`, then NO_COLOR, then the terminal. */
export function useColor(
  when: "auto" | "always" | "never",
  output: Output,
  env: Context["env"],
): boolean {
  if (when !== "auto") return when === "always";
  return output.isTerminal && !env["NO_COLOR"] && env["TERM"] !== "dumb";
}
