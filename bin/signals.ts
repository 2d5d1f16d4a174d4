/**
 * What becomes of the signals that this program is sent: most end it, when everything is written.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import process from "node:process";
import { TASK } from "../ffi/linux.ts";

/** Those that end it: from people and managers, and from limits and timers that were set for it. */
const ENDING = [
  "SIGINT",
  "SIGTERM",
  "SIGHUP",
  "SIGQUIT",
  "SIGALRM",
  "SIGVTALRM",
  "SIGPROF",
  "SIGXCPU",
] as const;
/** Those that mean nothing here, and would by default end it without its last write. */
const WITHOUT_MEANING = ["SIGUSR1", "SIGUSR2", "SIGIO", "SIGXFSZ"] as const;
/** A signal that is to end this program does so at once. */
const DEATH_MS = 1000;

/** Told of a signal first; whether it has dealt with it. */
type Listener = (signal: NodeJS.Signals) => boolean;

/** The signals of this program. */
export class ProgramSignals {
  readonly #stop = new AbortController();
  readonly #hangupIgnored = isIgnored("SIGHUP");
  #listener: Listener | null = null;
  #endBy: NodeJS.Signals | null = null;

  /** Takes them from now on. */
  constructor() {
    for (const name of ENDING) process.on(name, this.#take);
    for (const name of WITHOUT_MEANING) process.on(name, this.#take);
  }

  /** Aborted by the first that is to end the program; the reason is its name. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Has the program end as if by that signal. */
  stop(signal: NodeJS.Signals): void {
    this.#stop.abort(signal);
  }

  /** Has each told to `listener` first; null undoes it. */
  readonly onSignal = (listener: Listener | null): void => {
    this.#listener = listener;
  };

  /** Has {@linkcode ProgramSignals.end} end the program by that signal. */
  readonly endBy = (signal: NodeJS.Signals): void => {
    this.#endBy = signal;
  };

  /**
   * Ends the program: with that exit status, or, where this is what a shell says of a signal by
   * which it is to end, by that signal. A shell goes on with its loop if Ctrl-C has ended nobody.
   */
  async end(status: number): Promise<never> {
    const signal = this.#endBy;
    if (signal !== null && status === numberOf(signal) + 128) {
      await leaveNoCore();
      process.removeListener(signal, this.#take);
      process.kill(process.pid, signal);
      await new Promise((resolve) => setTimeout(resolve, DEATH_MS));
    }
    process.exit(status);
  }

  readonly #take = (signal: NodeJS.Signals): void => {
    if (this.#listener?.(signal)) return;
    if ((WITHOUT_MEANING as readonly string[]).includes(signal)) return;
    // nohup(1): whoever started this wants it to outlive its terminal.
    if (signal === "SIGHUP" && this.#hangupIgnored) return;
    if (signal === "SIGINT" && this.#stop.signal.aborted) process.exit(128 + numberOf(signal));
    this.stop(signal);
  };
}

function numberOf(signal: NodeJS.Signals): number {
  return constants.signals[signal];
}

/** Whether a signal was ignored by who executed this program, which then ignores it as well. */
function isIgnored(signal: NodeJS.Signals): boolean {
  try {
    const [, mask = "0"] = /^SigIgn:\s*(\w+)$/m.exec(readFileSync("/proc/self/status", "latin1"))!;
    return (BigInt(`0x${mask}`) >> BigInt(numberOf(signal) - 1) & 1n) === 1n;
  } catch {
    return false;
  }
}

/** What SIGQUIT ends is no fault of this program. */
async function leaveNoCore(): Promise<void> {
  try {
    const { openLibc } = await import("../ffi/mod.ts");
    (await openLibc()).prctl(TASK.PR_SET_DUMPABLE, 0);
  } catch {
    // Then there may be one.
  }
}
