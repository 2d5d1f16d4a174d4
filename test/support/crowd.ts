/**
 * A user with many connections who does all he can, and root who asks meanwhile.
 *
 * @module
 */
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Outcome } from "./executable.ts";
import type { MemoryGroup } from "./memory_group.ts";
import { program } from "./programs.ts";
import { AS_NOBODY, Running } from "./running.ts";
import { ask, ServerFolder } from "./server.ts";

/** The user of {@linkcode AS_NOBODY}. */
export const NOBODY = 65_534;
/** Root asks so often. */
const ASK_EVERY_MS = 50;

/** A recorder that nobody may connect to, and root who asks it again and again. */
export class Besieged implements AsyncDisposable {
  readonly folder: ServerFolder = new ServerFolder();
  /** The longest that root has waited for an answer, milliseconds. */
  longestMs = 0;
  #recorder: Running | null = null;
  #group: MemoryGroup | null = null;
  #asking: Promise<void> | null = null;
  #isOver = false;

  /** Starts it. */
  static async start(...args: readonly string[]): Promise<Besieged> {
    return await Besieged.#start(null, args);
  }

  /** Starts it with no more memory than a unit would give it. */
  static async startIn(group: MemoryGroup, ...args: readonly string[]): Promise<Besieged> {
    return await Besieged.#start(group, args);
  }

  static async #start(group: MemoryGroup | null, args: readonly string[]): Promise<Besieged> {
    const made = new Besieged();
    chmodSync(made.folder.path, 0o755);
    made.#group = group;
    await made.begin(...args);
    return made;
  }

  /** Starts a recorder on the same history. */
  async begin(...args: readonly string[]): Promise<void> {
    await this.end();
    const all = ["--socket-group", String(NOBODY), ...args];
    this.#recorder = await this.folder.recordIn(this.#group?.prefix ?? [], all);
    this.#isOver = false;
    this.#asking = this.#ask();
  }

  /** Ends it by a signal, and says how it has ended. */
  async stop(signal: NodeJS.Signals): Promise<Outcome> {
    this.#isOver = true;
    await this.#asking;
    return await this.recorder.end(signal);
  }

  /** Ends it. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#asking;
    await this.#recorder?.[Symbol.asyncDispose]();
    this.#recorder = null;
  }

  /** The recorder. */
  get recorder(): Running {
    return this.#recorder!;
  }

  /** Time on a CPU that it has had, seconds. */
  get cpuSeconds(): number {
    const stat = readFileSync(`/proc/${this.recorder.pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  /** Most memory that it has had, MiB. */
  get peakMib(): number {
    const status = readFileSync(`/proc/${this.recorder.pid}/status`, "utf8");
    return Number(/^VmHWM:\s+(\d+)/m.exec(status)![1]) / 1024;
  }

  /** Nobody makes connections which send these lines and read nothing; then forks and execs. */
  async crowd(lines: readonly string[], connections: number, ...acts: string[]): Promise<Running> {
    const path = join(this.folder.path, "lines");
    writeFileSync(path, lines.join("\n"), { mode: 0o644 });
    chmodSync(path, 0o644);
    const crowd = [program("crowd")!, ...acts, this.folder.socket, String(connections), path];
    const running = Running.start([...AS_NOBODY, ...crowd]);
    await running.wrote("done\n");
    // All that has happened is behind this.
    await ask(this.folder.socket, "hello");
    return running;
  }

  async #ask(): Promise<void> {
    while (!this.#isOver) {
      const began = performance.now();
      await ask(this.folder.socket, "hello");
      this.longestMs = Math.max(this.longestMs, performance.now() - began);
      await delay(ASK_EVERY_MS);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    this.folder[Symbol.dispose]();
  }
}
