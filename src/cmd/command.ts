/**
 * What every command is, and what it is given: all effects go through the context.
 *
 * @module
 */

import type { BootEpoch } from "../model/batch.ts";
import type { StartCapture } from "../source/capture.ts";

/** Where a command writes. */
export interface Output {
  /** Queues text or a copy of bytes. */
  write(chunk: string | Uint8Array): void;
  /** Resolves when everything queued is written or the reader is gone. */
  flush(): Promise<void>;
  /** The reader is gone (EPIPE): nothing more needs to be written. */
  readonly closed: boolean;
  /** Bytes queued and not yet written: a stream drops events, and counts them, when it grows. */
  readonly pendingBytes: number;
  /** It is a terminal. */
  readonly isTerminal: boolean;
  /** Whether it was closed by who started the program: nobody gets what is written. */
  readonly isNowhere?: boolean;
  /** Width of the terminal in cells; 80 when it is none. */
  readonly columns: number;
  /** Height of the terminal in lines; 24 when it is none. */
  readonly rows: number;
}

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

/** One command of the table in src/cli.ts. */
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

/** Exit statuses; see the contract in README.md. */
export const EXIT = { done: 0, failed: 1, usage: 2, notFound: 3 } as const;

/** An error a person can act on: printed as one line `fh: ...`, no stack trace. */
export class CommandError extends Error {
  readonly status: number;
  /** Lines that follow it: what there is to choose from. */
  readonly lines: readonly string[];

  /** `message` is "what failed: what was seen; what to do". */
  constructor(status: number, message: string, lines: readonly string[] = []) {
    super(message);
    this.lines = lines;
    this.name = "CommandError";
    this.status = status;
  }
}

/** A signal, or a reader that is gone, has stopped the work before it had an answer. */
export class Stopped extends CommandError {
  /** `reason` is the name of the signal; SIGPIPE says nothing, because nobody reads. */
  constructor(reason: string) {
    super(EXIT.done, reason === "SIGPIPE" ? "" : `Stopped by ${reason} before all was read`);
    this.name = "Stopped";
  }
}

/** Wrong usage, exit status 2. */
export class UsageError extends CommandError {
  constructor(message: string) {
    super(EXIT.usage, message);
    this.name = "UsageError";
  }
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
