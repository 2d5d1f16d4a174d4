/**
 * Runs test/programs/load.c again and again, for as long as a test needs something to happen.
 *
 * @module
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseTruth, type Task } from "../bench/support/truth.ts";
import { run } from "./observe.ts";
import { program } from "./programs.ts";

/** A load that goes on until it is stopped, or disposed of. */
export class LastingLoad {
  readonly #tasks: Task[] = [];
  #stopped = false;
  readonly #over: Promise<void>;

  private constructor(phases: readonly string[]) {
    this.#over = this.#repeat(phases);
  }

  /** Starts phases in the notation of load.c, to be repeated: each pass is to be a short one. */
  static start(...phases: readonly string[]): LastingLoad {
    return new LastingLoad(phases);
  }

  /** Lets the pass that runs come to its end; all tasks of all passes, in order. */
  async stop(): Promise<readonly Task[]> {
    this.#stopped = true;
    await this.#over;
    return this.#tasks;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #repeat(phases: readonly string[]): Promise<void> {
    for (let seed = 1; !this.#stopped; seed++) {
      for (const task of await runLoad(phases, seed)) this.#tasks.push(task);
    }
  }
}

/** Runs phases of load.c once; the truth of them. */
export async function runLoad(phases: readonly string[], seed = 1): Promise<Task[]> {
  const folder = mkdtempSync(join(tmpdir(), "fh-load-"));
  try {
    const truth = join(folder, "truth");
    const args = ["--seed", `${seed}`, "--truth", truth];
    await run(program("load")!, [...args, ...phases.flatMap((phase) => ["--phase", phase])]);
    return parseTruth(readFileSync(truth, "utf8"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
