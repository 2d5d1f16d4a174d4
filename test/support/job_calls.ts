/**
 * A recorder of the built executable, and what one asks of its jobs by `fh job`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { FH, type Outcome, type Place, runFh } from "./executable.ts";
import { Running } from "./running.ts";
import { ask, ServerFolder } from "./server.ts";

const LATE_MS = 10_000;
const LOOK_MS = 10;

/** What `--json` shows. */
// deno-lint-ignore no-explicit-any
export type Shown = any;

/** A recorder that can be ended and begun again on the same history. */
export class JobHost implements AsyncDisposable {
  readonly folder: ServerFolder = new ServerFolder();
  readonly #args: readonly string[];
  #recorder: Running | null = null;

  private constructor(args: readonly string[]) {
    this.#args = args;
  }

  /** Starts one with more options. */
  static async start(...args: readonly string[]): Promise<JobHost> {
    const host = new JobHost(args);
    await host.begin();
    return host;
  }

  /** The recorder that is at work. */
  get recorder(): Running {
    return this.#recorder!;
  }

  /** Starts another recorder. */
  async begin(): Promise<void> {
    await this.#recorder?.[Symbol.asyncDispose]();
    this.#recorder = await this.folder.record(this.#args);
  }

  /** `fh job ARGS` of this recorder. */
  job(...args: readonly string[]): Outcome {
    return runFh(["job", ...args, "--socket", this.folder.socket]);
  }

  /** The same; it must end with 0. */
  done(...args: readonly string[]): Outcome {
    const outcome = this.job(...args);
    assert.equal(outcome.status, 0, `fh job ${args.join(" ")}: ${outcome.stderr}`);
    return outcome;
  }

  /** The same with `--json`: what it prints, one value a line. */
  json(...args: readonly string[]): Shown[] {
    const { stdout } = this.done(...args, "--json");
    return stdout.split("\n").slice(0, -1).map((line) => JSON.parse(line));
  }

  /** `fh job show --json`. */
  show(name: string): Shown {
    return this.json("show", name)[0];
  }

  /** Pids of those that live, in order, as the recorder knows them. */
  async living(name: string): Promise<number[]> {
    const { members } = await ask(this.folder.socket, "job_members", { job: name, running: true });
    return sorted(members.map(({ pid }: Shown) => pid));
  }

  /** Waits until just these live; the source tells of forks and exits a little late. */
  async untilLiving(name: string, pids: readonly number[]): Promise<void> {
    const expected = sorted(pids);
    for (const late = performance.now() + LATE_MS;; await delay(LOOK_MS)) {
      const living = await this.living(name).catch(() => []);
      if (isDeepStrictEqual(living, expected)) return;
      if (performance.now() > late) assert.deepEqual(living, expected);
    }
  }

  /** Waits until `reached` answers yes of what is shown of a job. */
  async until(name: string, reached: (shown: Shown) => boolean): Promise<void> {
    for (const late = performance.now() + LATE_MS;; await delay(LOOK_MS)) {
      const shown = await ask(this.folder.socket, "job_show", { job: name }).catch(() => null);
      if (shown !== null && reached(shown)) return;
      if (performance.now() > late) throw new Error(`Not in time: ${JSON.stringify(shown)}`);
    }
  }

  /** Waits until the recorder knows what a process runs. */
  async untilKnown(pid: number, comm: string): Promise<void> {
    for (const late = performance.now() + LATE_MS;; await delay(LOOK_MS)) {
      const known = await ask(this.folder.socket, "rule_test", { pid });
      if (known.comm === comm) return;
      if (performance.now() > late) throw new Error(`${pid} is ${known.comm}, not ${comm}`);
    }
  }

  /** All who were in a job, as `fh job export` has them. */
  members(name: string): Shown[] {
    return this.json("export", name);
  }

  /** Creates a job with processes in it. */
  create(name: string, ...pids: readonly number[]): void {
    this.done("create", name);
    if (pids.length > 0) this.done("add", name, ...pids.map(String));
  }

  /** Starts `fh job wait`, and waits until it is connected. */
  async wait(name: string): Promise<Running> {
    const wait = Running.start([FH, "job", "wait", name, "--socket", this.folder.socket]);
    await this.accepted(wait);
    return wait;
  }

  /**
   * Waits until the recorder has accepted the connection of a program: one that ended before would
   * reset it. Connections are accepted in the order in which they were made.
   */
  async accepted(program: Running): Promise<void> {
    await program.until("a connection", () => isConnected(program.pid));
    await ask(this.folder.socket, "hello");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#recorder?.[Symbol.asyncDispose]();
    this.folder[Symbol.dispose]();
  }
}

/** SS_CONNECTED of uapi/linux/net.h, as /proc/net/unix shows it. */
const CONNECTED = "03";

/** Whether a process has a Unix socket that is connected, beside its standard input. */
function isConnected(pid: number): boolean {
  const connected = new Set<string>();
  for (const line of readFileSync("/proc/net/unix", "utf8").split("\n")) {
    const [, , , , , state, inode] = line.trim().split(/\s+/);
    if (state === CONNECTED) connected.add(`socket:[${inode}]`);
  }
  try {
    return readdirSync(`/proc/${pid}/fd`).filter((fd) => Number(fd) > 2)
      .some((fd) => connected.has(readlinkSync(`/proc/${pid}/fd/${fd}`)));
  } catch {
    return false; // A descriptor was closed meanwhile.
  }
}

/** Numbers in order. */
export function sorted(numbers: Iterable<number>): number[] {
  return [...numbers].sort((a, b) => a - b);
}

/** Obeys lines; each child sleeps for a minute at most. */
const FAMILY = `while read -r act word; do
  case $act in
    child) sleep 60 & echo "pid $!" ;;
    daemon) (setsid sleep 60 & echo "pid $!") ;;
    run) sh -c "$word"; echo "ran $?" ;;
    reap) kill -KILL $word; wait $word; echo "reaped $word" ;;
    end) exit $word ;;
  esac
done`;

/** A shell that has children when it is told to; disposing of it kills all of them. */
export class Family implements AsyncDisposable {
  readonly shell: Running;
  readonly #asleep = new Set<number>();
  #started = 0;
  #runs = 0;

  /** Starts the shell, as somebody else perhaps. */
  constructor(as: readonly string[] = [], place: Place = {}) {
    this.shell = Running.start([...as, "sh", "-c", FAMILY], place);
  }

  /** Of the shell. */
  get pid(): number {
    return this.shell.pid;
  }

  /** Starts a child that sleeps; its pid. */
  child(): Promise<number> {
    return this.#start("child");
  }

  /** Starts one that has left the shell: forked twice, in a session of its own. */
  daemon(): Promise<number> {
    return this.#start("daemon");
  }

  /** Runs a command to its end. */
  async run(command: string): Promise<void> {
    const count = ++this.#runs;
    this.shell.tell(`run ${command}`);
    await this.shell.until(command, () => matches(this.shell, /^ran \d+$/gm).length >= count);
  }

  /** Kills a child and buries it. */
  async reap(pid: number): Promise<void> {
    this.shell.tell(`reap ${pid}`);
    await this.shell.wrote(`reaped ${pid}\n`);
    this.#asleep.delete(pid);
  }

  /** Ends the shell with a status. */
  async end(status = 0): Promise<void> {
    this.shell.tell(`end ${status}`);
    await this.shell.end();
  }

  async #start(act: string): Promise<number> {
    this.shell.tell(act);
    const pids = () => matches(this.shell, /^pid \d+$/gm);
    await this.shell.until(act, () => pids().length > this.#started);
    const pid = Number(pids()[this.#started++]!.slice("pid ".length));
    this.#asleep.add(pid);
    await this.shell.until(`${act} asleep`, () => commOf(pid) === "sleep");
    return pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shell[Symbol.asyncDispose]();
    for (const pid of this.#asleep) if (commOf(pid) === "sleep") process.kill(pid, "SIGKILL");
  }
}

function matches({ stdout }: Running, pattern: RegExp): string[] {
  return stdout.match(pattern) ?? [];
}

function commOf(pid: number): string | null {
  const path = `/proc/${pid}/comm`;
  try {
    return existsSync(path) ? readFileSync(path, "utf8").trimEnd() : null;
  } catch {
    return null;
  }
}
