/**
 * What every command is, and what it is given: all effects go through the context.
 *
 * @module
 */

import type { BootEpoch } from "../model/batch.ts";
import type { StartCapture } from "../source/capture.ts";
import { paint } from "../text/style.ts";
import type { TableStyle } from "../text/table.ts";
import type { Output } from "../term/output.ts";
import type { GlobalOptions } from "./globals.ts";
import type { Offers, OptionsOf, OptionSpec } from "./option.ts";

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
  /** Effective user id: whose places, jobs and rights are meant. */
  readonly euid: number;
  /** The wall clock, milliseconds since the Unix epoch. */
  now(): number;
  /** Wall-clock time of boot; the clocks tell when not given. */
  readonly epoch?: BootEpoch | undefined;
  /** Starts the capture of commands that watch; the capture thread when not given. */
  readonly capture?: StartCapture;
}

type Operand<Word extends string> = Word extends `<${string}...>` ? readonly [string, ...string[]]
  : Word extends `<${string}>` ? readonly [string]
  : Word extends `[${string}...]` ? readonly string[]
  : readonly [] | readonly [string];

/** What operands give a command: of `<job> [pid...]`, one word and as many as there are. */
export type OperandsOf<Operands extends string> = Operands extends "" ? readonly []
  : Operands extends `${infer First} ${infer Rest}`
    ? readonly [...Operand<First>, ...OperandsOf<Rest>]
  : Operand<Operands>;

/** What all can be called by name. */
interface Named {
  readonly name: string;
  /** One line for the help of what it stands in. */
  readonly summary: string;
}

/** A command, or an action of one. */
export interface CommandSpec<
  Operands extends string = string,
  Given = readonly string[],
  Options = Readonly<Record<string, unknown>>,
> extends Named {
  /**
   * `<pid>` must be there, `[pid]` may be, `<pid...>` and `[pid...]` may be several; the word is
   * what completion offers. Empty when there are none.
   */
  readonly operands: Operands;
  /** What completion offers for each operand, where its word does not say so. */
  readonly offers?: readonly Offers[];
  /**
   * Its operands are a command and its arguments: from the first on, options are that command's.
   */
  readonly startsCommand?: true;
  /**
   * Operands are taken after `--` alone. Before it they are refused, by telling what was probably
   * meant, which this answers.
   */
  readonly meant?: (operands: readonly string[]) => string;
  /** Whether its answer is one that people page through, with these options. */
  pages?(options: Options): boolean;
  /** Neither shown nor offered: it is for programs. */
  readonly hidden?: true;
  readonly options: readonly OptionSpec[];
  /** Lines for `--help`: a command, two spaces, what it does. */
  readonly examples: readonly string[];
  /** Does it; the exit status comes back. Options are named in camel case. */
  run(context: Context, operands: Given, options: Options): Promise<number>;
}

/** A command that is several: each of its actions has operands and options of its own. */
export interface GroupSpec extends Named {
  readonly actions: readonly Spec[];
}

/** One line of the table in src/commands.ts, or of a group's actions. */
export type Spec = CommandSpec | GroupSpec;

/** A command whose `run` is given what `operands` and `options` say, typed. */
export function command<Operands extends string, const Options extends readonly OptionSpec[]>(
  spec:
    & CommandSpec<
      Operands,
      OperandsOf<Operands>,
      & Omit<GlobalOptions, keyof OptionsOf<Options>>
      & OptionsOf<Options>
    >
    & { readonly options: Options },
): CommandSpec;
/** What {@linkcode command} is to those that know of no types. */
export function command(spec: CommandSpec): CommandSpec {
  return spec;
}

/** The operands, one by one. */
export function operandsOf({ operands }: Pick<CommandSpec, "operands">): readonly {
  /** `pid` */
  readonly word: string;
  readonly isNeeded: boolean;
  readonly isMany: boolean;
}[] {
  return operands.split(" ").filter((text) => text !== "").map((text) => ({
    word: text.replace(/[^\w-]/g, ""),
    isNeeded: text.startsWith("<"),
    isMany: text.includes("..."),
  }));
}

/** How tables are drawn there. */
export function tableStyle(
  output: Output,
  env: Context["env"],
  when: "auto" | "always" | "never" = "auto",
): TableStyle {
  const colored = useColor(when, output, env);
  return { head: (text) => paint(text, "bold", colored), width: widthOf(output) };
}

/** Cells of a line; Infinity where lines need not be cut, because no terminal shows them. */
export function widthOf({ isTerminal, columns }: Pick<Output, "isTerminal" | "columns">): number {
  return isTerminal ? columns : Infinity;
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
