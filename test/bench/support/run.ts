/**
 * Runs a watcher under test/programs/measure.c: known to listen, drained, ended, accounted.
 *
 * @module
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { closeSync, createReadStream, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { program } from "../../support/programs.ts";
import type { Bench } from "./bench.ts";
import { kill, undoAtEnd } from "./cleanup.ts";
import type { Seen } from "./seen.ts";
import { childrenOf, connectorSockets, cpuTime, hasBpfLinks, read } from "./system.ts";
import type { Tool } from "./tools.ts";

/** Where a watcher's standard output goes: nowhere, into a file, or into a program of ours. */
export type Sink = "null" | "file" | readonly string[];

/** What a process used from its start to its end. */
export interface Usage {
  /** User and system time of all threads, microseconds. */
  readonly cpu: number;
  readonly wall: number;
  /** Highest resident memory, bytes. */
  readonly peak: number;
  /** As wait(2) gives it. */
  readonly status: number;
}

const START_MS = 20_000;
const DRAIN_MS = 120_000;
const STOP_MS = 60_000;

/** A watcher that runs. */
export class Watcher {
  readonly tool: Tool;
  /** File with what it printed; empty when the sink is "null" or a program. */
  readonly output: string;
  #pid = 0;
  readonly #errors: string;
  readonly #usage: string;
  readonly #measure: ChildProcess;
  readonly #sink: ChildProcess | null;
  readonly #undo: () => void;

  private constructor(tool: Tool, files: string, measure: ChildProcess, sink: ChildProcess | null) {
    this.tool = tool;
    this.output = `${files}.out`;
    this.#errors = `${files}.err`;
    this.#usage = `${files}.json`;
    this.#measure = measure;
    this.#sink = sink;
    this.#undo = undoAtEnd(() => {
      for (const child of [this.#pid, measure.pid, sink?.pid]) if (child) kill(child, "SIGKILL");
    });
  }

  /** Starts it and waits until it listens. */
  static async start(bench: Bench, tool: Tool, sink: Sink): Promise<Watcher> {
    const files = join(bench.folder, `${tool.name.replaceAll(/\W+/g, "-")}-${performance.now()}`);
    const errors = openSync(`${files}.err`, "w");
    const end = openSink(sink, files);
    const measure = spawn(
      program("measure") ?? "",
      [`${files}.json`, ...tool.command],
      { stdio: ["ignore", end.output, errors] },
    );
    closeSync(errors);
    closeSync(end.output);
    const watcher = new Watcher(tool, files, measure, end.program);
    try {
      await watcher.#listening();
    } catch (error) {
      watcher.#undo();
      throw error;
    }
    return watcher;
  }

  /** Of the watcher itself, not of what measures it. */
  get pid(): number {
    return this.#pid;
  }

  /** What it printed on standard error. */
  get errors(): string {
    return read(this.#errors);
  }

  /** Waits until it has worked off what it was told. */
  async drain(): Promise<void> {
    const until = Date.now() + DRAIN_MS;
    for (let quiet = 0; quiet < 2 && Date.now() < until;) {
      const before = cpuTime(this.pid);
      await sleep(250);
      const idle = cpuTime(this.pid) - before < 8e6;
      const empty = connectorSockets(this.pid).every((socket) => socket.waiting === 0);
      quiet = idle && empty ? quiet + 1 : 0;
    }
  }

  /** Ends it with SIGINT, as a user does. */
  async stop(): Promise<Usage> {
    const ended = [this.#measure, this.#sink].map((child) => child && exited(child));
    kill(this.pid, "SIGINT");
    const all = Promise.all(ended).then(() => true);
    const inTime = await Promise.race([all, sleep(STOP_MS, false, { ref: false })]);
    if (!inTime) kill(this.pid, "SIGKILL");
    await all;
    this.#undo();
    const run = JSON.parse(readFileSync(this.#usage, "utf8")).runs[0];
    return {
      cpu: run.user_us + run.system_us,
      wall: run.wall_us,
      peak: run.max_rss,
      status: run.status,
    };
  }

  /** What it told, in its order, standard error last; the file is removed. */
  async told(): Promise<Seen[]> {
    const parse = this.tool.parser();
    const seen: Seen[] = [];
    for (const path of [this.output, this.#errors]) {
      for await (const line of createInterface({ input: createReadStream(path) })) {
        const one = parse(line);
        if (one !== null) seen.push(one);
      }
    }
    rmSync(this.output, { force: true });
    return seen;
  }

  async #listening(): Promise<void> {
    const until = Date.now() + START_MS;
    while (Date.now() < until) {
      if (this.#measure.exitCode !== null) break;
      const [pid] = childrenOf(this.#measure.pid ?? 0);
      if (pid !== undefined) this.#pid = pid;
      if (pid !== undefined && this.#isReady(pid)) return await sleep(500);
      await sleep(20);
    }
    throw new Error(`Cannot start ${this.tool.command.join(" ")}: ${this.errors.trim()}`);
  }

  #isReady(pid: number): boolean {
    if (this.tool.ready === "connector socket") return connectorSockets(pid).length > 0;
    if (this.tool.ready === "bpf links") return hasBpfLinks(pid);
    return this.errors.includes("\n");
  }
}

interface SinkEnd {
  readonly output: number;
  readonly program: ChildProcess | null;
}

function openSink(sink: Sink, files: string): SinkEnd {
  if (sink === "null") return { output: openSync("/dev/null", "w"), program: null };
  if (sink === "file") return { output: openSync(`${files}.out`, "w"), program: null };
  const fifo = `${files}.fifo`;
  spawnSync("mkfifo", [fifo]);
  // Opened for both directions first: neither of the other two opens blocks then.
  const both = openSync(fifo, "r+");
  const input = openSync(fifo, "r");
  const output = openSync(fifo, "w");
  closeSync(both);
  const [command = "", ...args] = sink;
  const child = spawn(command, args, { stdio: [input, "ignore", "inherit"] });
  closeSync(input);
  rmSync(fifo);
  return { output, program: child };
}

/** Resolves when the child has ended. */
export function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once("exit", () => resolve()));
}
