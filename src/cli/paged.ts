/**
 * Answers that are longer than the screen: people page through them.
 *
 * @module
 */
import { ForwardedOutput } from "../term/forwarded_output.ts";
import { PagedOutput } from "../term/paged_output.ts";
import { Pager, pagerOf } from "../term/pager.ts";
import { WideOutput } from "../term/wide_output.ts";
import type { Context } from "./command.ts";
import { tell } from "./tell.ts";

/** The same world, with lines as long as they are. */
export function widened(context: Context): Context {
  return { ...context, stdout: new WideOutput(context.stdout) };
}

/** Runs a command whose output goes to a terminal: it is paged, where a pager is there. */
export async function paged(
  context: Context,
  run: (context: Context) => Promise<number>,
): Promise<number> {
  const { command, missing } = pagerOf(context.env, context.euid);
  if (missing !== null) tell(context, `no pager: there is no program ${missing}; see FH_PAGER`);
  if (command === null) return await run(context);
  return await new Paging(context, command).run(run);
}

class Paging {
  readonly #context: Context;
  readonly #command: string;
  readonly #left = new AbortController();
  readonly #stderr: HeldOutput;
  #pager: Pager | null = null;
  /** The command has ended: its answer is read. */
  #isRead = false;

  constructor(context: Context, command: string) {
    this.#context = context;
    this.#command = command;
    this.#stderr = new HeldOutput(context.stderr);
  }

  async run(run: (context: Context) => Promise<number>): Promise<number> {
    const context = this.#context;
    const stdout = new PagedOutput(context.stdout, () => this.#open());
    const signal = AbortSignal.any([context.signal, this.#left.signal]);
    const stop = () => this.#stop();
    context.signal.addEventListener("abort", stop);
    try {
      return await run({ ...context, stdout, stderr: this.#stderr, signal });
    } finally {
      this.#isRead = true;
      await stdout.end();
      if (this.#pager?.hasFailed) tell(context, `no pager: ${this.#command} cannot be started`);
      context.signal.removeEventListener("abort", stop);
      if (this.#pager !== null) context.onSignal?.(null);
      this.#stderr.release();
    }
  }

  #open(): Pager {
    const { env, euid, onSignal, signal } = this.#context;
    // Ctrl-C ends what is computed; who reads goes on reading.
    onSignal?.((name) => name === "SIGINT" && (this.#isRead || signal.aborted));
    // The screen is the pager's: what is to be said beside the answer comes after it.
    this.#stderr.hold();
    const pager = this.#pager = new Pager(this.#command, env, euid, () => {
      if (!pager.hasFailed) this.#left.abort("SIGPIPE");
    });
    return pager;
  }

  #stop(): void {
    if (this.#context.signal.reason !== "SIGINT") this.#pager?.kill();
  }
}

/** Keeps what is written while another has the terminal. */
class HeldOutput extends ForwardedOutput {
  #held: (string | Uint8Array)[] | null = null;

  override write(chunk: string | Uint8Array): void {
    if (this.#held === null) super.write(chunk);
    else this.#held.push(chunk);
  }

  hold(): void {
    // A file gets it at once.
    if (this.isTerminal) this.#held ??= [];
  }

  release(): void {
    for (const chunk of this.#held?.splice(0) ?? []) super.write(chunk);
    this.#held = null;
  }
}
