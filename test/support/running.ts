/**
 * Programs that run beside a test: their output is looked at while it grows.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { WatchEvent } from "../../src/library.ts";
import type { Outcome, Place } from "./executable.ts";

const PROGRAM = fileURLToPath(new URL("../../bin/fh.ts", import.meta.url));
const LATE_MS = 200_000;
const LOOK_MS = 5;

/** The command that runs fh from source, on the runtime of the test. */
export const FH_SOURCE: readonly string[] = [
  process.execPath,
  ...process.versions["deno"] === undefined ? [] : ["run", "-A"],
  PROGRAM,
];

/** Turns a command into one of an ordinary user. */
export const AS_NOBODY: readonly string[] = [
  "setpriv",
  "--reuid=65534",
  "--regid=65534",
  "--clear-groups",
];

/** Whether a process runs: neither gone nor a zombie. */
export function runs(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}

/** A file that somebody writes, and as much of it as was read. */
class Growing {
  text = "";
  readonly #fd: number;
  readonly #decoder = new TextDecoder();

  constructor(path: string) {
    this.#fd = openSync(path, "r");
  }

  read(): string {
    const bytes = new Uint8Array(Math.max(0, fstatSync(this.#fd).size - this.#at));
    const length = bytes.length === 0 ? 0 : readSync(this.#fd, bytes, 0, bytes.length, this.#at);
    this.#at += length;
    this.text += this.#decoder.decode(bytes.subarray(0, length), { stream: true });
    return this.text;
  }

  close(): void {
    closeSync(this.#fd);
  }

  #at = 0;
}

/** A program that runs; disposing of it kills it. */
export class Running {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #stdout: Growing;
  readonly #stderr: Growing;
  readonly #ended: Promise<void>;
  readonly #events: WatchEvent[] = [];
  /** Where the first line of standard output begins that is not among them. */
  #eventsAt = 0;
  #over = false;

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.#folder = folder;
    this.#stdout = new Growing(join(folder, "stdout"));
    this.#stderr = new Growing(join(folder, "stderr"));
    this.#ended = once(child, "exit").then(() => {
      this.#over = true;
    });
  }

  /** Starts a program; its standard input stays open. */
  static start(command: readonly string[], place: Place = {}): Running {
    const folder = mkdtempSync(join(tmpdir(), "fh-running-"));
    const outputs = ["stdout", "stderr"].map((name) => openSync(join(folder, name), "w"));
    const [file = "", ...args] = command;
    const child = spawn(file, args, { ...place, stdio: ["pipe", outputs[0]!, outputs[1]!] });
    for (const fd of outputs) closeSync(fd);
    return new Running(child, folder);
  }

  /** What it has written so far. */
  get stdout(): string {
    return this.#stdout.read();
  }

  /** What it has written so far on standard error. */
  get stderr(): string {
    return this.#stderr.read();
  }

  /** The complete lines of standard output, which are NDJSON: each is read once. */
  get events(): readonly WatchEvent[] {
    const { stdout } = this;
    for (let end; (end = stdout.indexOf("\n", this.#eventsAt)) >= 0; this.#eventsAt = end + 1) {
      this.#events.push(JSON.parse(stdout.slice(this.#eventsAt, end)));
    }
    return this.#events;
  }

  /** Writes a line to its standard input. */
  tell(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** Sends it a signal, if it still runs. */
  kill(signal: NodeJS.Signals): void {
    // Deno's ChildProcess.kill() takes every signal for the end.
    if (!this.#over) process.kill(this.pid, signal);
  }

  /** Waits until standard output contains `text`. */
  async wrote(text: string): Promise<void> {
    await this.until(`"${text}"`, () => this.stdout.includes(text));
  }

  /** Waits until `reached` answers yes; throws when the program ends before, or it takes long. */
  async until(what: string, reached: () => boolean): Promise<void> {
    await this.#wait(what, () => {
      const over = this.#over;
      if (reached()) return true;
      if (over) throw new Error(`Ended before ${what}: ${this.stderr}`);
      return false;
    });
  }

  /** Itself, once `reached` answers yes; it is ended where that does not come about. */
  async startedWhen(what: string, reached: () => boolean): Promise<this> {
    try {
      await this.until(what, reached);
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
    return this;
  }

  /** Waits for its end, after a signal if one is given. */
  async end(signal?: NodeJS.Signals): Promise<Outcome> {
    if (signal !== undefined) this.kill(signal);
    await this.#wait("its end", () => this.#over);
    return { status: this.#child.exitCode, stdout: this.stdout, stderr: this.stderr };
  }

  async #wait(what: string, reached: () => boolean): Promise<void> {
    for (const late = performance.now() + LATE_MS; !reached();) {
      if (performance.now() > late) throw new Error(`No ${what} in time: ${this.stderr}`);
      await delay(LOOK_MS);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.#ended;
    this.#stdout.close();
    this.#stderr.close();
    rmSync(this.#folder, { recursive: true });
  }
}
