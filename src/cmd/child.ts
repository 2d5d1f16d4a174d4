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
import { type Redact, redactWords } from "../model/redact.ts";
import { CommandError } from "./command.ts";

/** Exit statuses a shell gives for commands it could not run; POSIX, 2.8.2. */
const NOT_FOUND = 127;
const NOT_RUNNABLE = 126;

/** Signals that Ctrl-C and Ctrl-\ make. */
const FROM_TERMINAL: ReadonlySet<string> = new Set(["SIGINT", "SIGQUIT"]);

/** A running command. */
export class Child {
  readonly pid: number;
  /** Its exit status, 128 + signal when it was killed; null while it runs. */
  status: number | null = null;
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;

  private constructor(child: ChildProcess, pid: number, signal: AbortSignal) {
    this.pid = pid;
    // The terminal sends these to both of us; every other signal came to us alone.
    const pass = () => {
      if (!FROM_TERMINAL.has(signal.reason as string)) child.kill(signal.reason as NodeJS.Signals);
    };
    signal.addEventListener("abort", pass);
    this.ended = new Promise((resolve) => {
      child.once("exit", (code, killedBy) => {
        signal.removeEventListener("abort", pass);
        this.status = killedBy === null ? code ?? 0 : 128 + constants.signals[killedBy];
        resolve();
      });
    });
  }

  /**
   * Starts a command; throws CommandError with status 127 or 126 when it cannot be run, in whose
   * message `redact` hides what is secret: a command line in one word is no program.
   */
  static start(argv: readonly string[], signal: AbortSignal, redact?: Redact): Child {
    const [file = "", ...args] = argv;
    let failure: NodeJS.ErrnoException | null = null;
    let child: ChildProcess | null = null;
    try {
      child = spawn(file, args, { stdio: "inherit" });
      child.once("error", (error) => failure = error);
    } catch (error) {
      failure = error as NodeJS.ErrnoException;
    }
    if (child?.pid !== undefined) return new Child(child, child.pid, signal);
    throw notRun(file, failure, redact);
  }
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
