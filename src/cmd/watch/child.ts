/**
 * A command that fh runs: terminal, signals and exit status pass through.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import type { Context } from "../../cli/command.ts";
import { CommandError } from "../../fault.ts";
import { openProcfs } from "../../proc/procfs.ts";
import { parseStat } from "../../proc/stat.ts";
import { type Redact, redactWords } from "../../redact/redact.ts";

/** Exit statuses a shell gives for commands it could not run; POSIX, 2.8.2. */
const NOT_FOUND = 127;
const NOT_RUNNABLE = 126;

/** Signals that Ctrl-C and Ctrl-\ make: the terminal sends them to both of us. */
const FROM_TERMINAL: ReadonlySet<string> = new Set(["SIGINT", "SIGQUIT"]);

/** How signals come to it, and how it may end this program. */
export type ChildContext = Pick<Context, "signal" | "onSignal" | "endBy" | "procRoot">;

/** A running command. */
export class Child {
  readonly pid: number;
  /** Its exit status, 128 + signal when it was killed; null while it runs. */
  status: number | null = null;
  /** The signal that has killed it; null while it runs, and where it has exited. */
  signal: number | null = null;
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;

  private constructor(child: ChildProcess, pid: number, context: ChildContext) {
    const { signal, onSignal, endBy, procRoot } = context;
    this.pid = pid;
    // What becomes of a signal is the command's business: it may well go on.
    onSignal?.((name) => {
      if (!(FROM_TERMINAL.has(name) && isForeground(procRoot))) this.#send(name);
      return true;
    });
    const pass = () => this.#send(signal.reason as NodeJS.Signals);
    signal.addEventListener("abort", pass);
    this.ended = new Promise((resolve) => {
      child.once("exit", (code, killedBy) => {
        signal.removeEventListener("abort", pass);
        onSignal?.(null);
        this.signal = killedBy === null ? null : constants.signals[killedBy];
        this.status = this.signal === null ? code ?? 0 : 128 + this.signal;
        // A command that has dealt with it and exits by itself was not ended by it, nor are we.
        if (killedBy !== null) endBy?.(killedBy);
        resolve();
      });
    });
  }

  /** ChildProcess.kill() of one runtime takes every signal for the end, and sends no second. */
  #send(name: NodeJS.Signals): void {
    if (this.status !== null) return;
    try {
      process.kill(this.pid, name);
    } catch {
      // It has ended just now.
    }
  }

  /**
   * Starts a command; throws CommandError with status 127 or 126 when it cannot be run, in whose
   * message `redact` hides what is secret: a command line in one word is no program.
   */
  static start(argv: readonly string[], context: ChildContext, redact?: Redact): Child {
    const [file = "", ...args] = argv;
    const { aborted, reason } = context.signal;
    // A command may have more to do than to write to whom nobody reads.
    if (aborted && reason !== "SIGPIPE") throw stopped(redactWords([file], redact)[0]!, context);
    let failure: NodeJS.ErrnoException | null = null;
    let child: ChildProcess | null = null;
    try {
      child = spawn(file, args, { stdio: "inherit" });
      child.once("error", (error) => failure = error);
    } catch (error) {
      failure = error as NodeJS.ErrnoException;
    }
    if (child?.pid !== undefined) return new Child(child, child.pid, context);
    throw notRun(file, failure, redact);
  }
}

/** Whether the terminal, if there is one, sends what it sends to us. */
function isForeground(procRoot: string): boolean {
  const bytes = openProcfs(procRoot).read(process.pid, "stat");
  const stat = bytes === null ? null : parseStat(bytes);
  return stat === null || (stat.tty !== 0 && stat.tpgid === stat.pgrp);
}

/** The end came before the beginning. */
function stopped(file: string, { signal, endBy }: ChildContext): CommandError {
  const name = signal.reason as NodeJS.Signals;
  endBy?.(name);
  return new CommandError(128 + constants.signals[name], `Did not run ${file}: stopped by ${name}`);
}

/** Runtimes say ENOENT too for a file that is there but may not be run. */
function notRun(
  file: string,
  failure: NodeJS.ErrnoException | null,
  redact: Redact | undefined,
): CommandError {
  const [shown] = redactWords([file], redact);
  const code = failure?.code ?? "ENOENT";
  if (code !== "ENOENT" && file !== "") {
    return new CommandError(NOT_RUNNABLE, `Cannot run ${shown}: ${code}`);
  }
  const folders = file.includes("/") ? [""] : (process.env["PATH"] ?? "").split(delimiter);
  const found = file !== "" && folders.some((folder) => existsSync(join(folder, file)));
  return found
    ? new CommandError(NOT_RUNNABLE, `Cannot run ${shown}: it is no executable file`)
    : new CommandError(NOT_FOUND, `Cannot run ${shown}: it was not found`);
}
