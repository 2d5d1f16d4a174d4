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
const TAKEN: readonly NodeJS.Signals[] = [...ENDING, ...WITHOUT_MEANING];
/** A signal that is to end this program does so at once. */
const DEATH_MS = 1000;
/** Turns of the event loop in which a signal is told that came before the end of a command. */
const TOLD = { turns: 10, pauseMs: 10 } as const;

/** Told of a signal first; whether it has dealt with it. */
type Listener = (signal: NodeJS.Signals) => boolean;

/** The signals of this program. */
export class ProgramSignals {
  readonly #stop = new AbortController();
  readonly #hangupIgnored = isIgnored("SIGHUP");
  #listener: Listener | null = null;
  #endBy: NodeJS.Signals | null = null;
  /** Those that this program itself was sent. */
  readonly #told = new Set<NodeJS.Signals>();

  /** Takes them from now on. */
  constructor() {
    for (const name of TAKEN) process.on(name, this.#take);
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

  /** Has {@linkcode ProgramSignals.end} end the program by that signal, if it was sent it too. */
  readonly endBy = (signal: NodeJS.Signals): void => {
    this.#endBy = signal;
  };

  /**
   * Ends the program: with that exit status, or, where this is what a shell says of a signal by
   * which it is to end, by that signal. A shell goes on with its loop if Ctrl-C has ended nobody.
   */
  async end(status: number): Promise<never> {
    const signal = this.#endBy;
    if (signal !== null && status === numberOf(signal) + 128 && await this.#wasTold(signal)) {
      await this.#die(signal);
    }
    process.exit(status);
  }

  /**
   * Whether this program was sent a signal. One that was sent to a process group may have ended a
   * command before it is told here: the kernel has it by then, and tells it in the next turns.
   */
  async #wasTold(signal: NodeJS.Signals): Promise<boolean> {
    if (!TAKEN.includes(signal)) return false;
    for (let turn = 0; turn < TOLD.turns && !this.#told.has(signal); turn++) {
      await new Promise((resolve) => setTimeout(resolve, TOLD.pauseMs));
    }
    return this.#told.has(signal);
  }

  /** As without a handler; with what a shell says of it where nothing comes of that. */
  async #die(signal: NodeJS.Signals): Promise<never> {
    if (signal !== "SIGINT") await leaveNoCore();
    process.removeListener(signal, this.#take);
    process.kill(process.pid, signal);
    await new Promise((resolve) => setTimeout(resolve, DEATH_MS));
    process.exit(128 + numberOf(signal));
  }

  readonly #take = (signal: NodeJS.Signals): void => {
    this.#told.add(signal);
    if (this.#listener?.(signal)) return;
    if ((WITHOUT_MEANING as readonly string[]).includes(signal)) return;
    // nohup(1): whoever started this wants it to outlive its terminal.
    if (signal === "SIGHUP" && this.#hangupIgnored) return;
    if (signal === "SIGINT" && this.#stop.signal.aborted) void this.#die(signal);
    else this.stop(signal);
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
