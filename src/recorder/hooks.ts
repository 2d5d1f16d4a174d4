/**
 * Programs that are told of findings: each gets it as JSON on its standard input and its main
 * fields in the environment. Whatever they do, the recorder goes on.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import process from "node:process";
import { setTimeout } from "node:timers";

/** A program, and of which kinds of findings it is told. */
export interface Hook {
  readonly path: string;
  /** Null: of all. */
  readonly kind: string | null;
}

/** What a hook is told. */
export interface Told {
  readonly kind: string;
  readonly key: string;
  /** Whose process it is about. */
  readonly uid: number | null;
  /** On its standard input. */
  readonly json: string;
  /** In its environment. */
  readonly fields: Readonly<Record<string, string>>;
}

/** How hooks are run. */
export interface HookOptions {
  readonly hooks: readonly Hook[];
  /** What they have of the recorder's environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Tells people what a hook wrote, and what went wrong with it. */
  say(text: string): void;
  /** How long one may run, instead of LIMIT_MS. */
  readonly limitMs?: number;
  /** Milliseconds of a clock that is never set. */
  now?(): number;
}

const LIMIT_MS = 30_000;
/** Runs that wait; what comes beyond is held back. */
const WAITING_MAX = 64;
/** Runs of all hooks at a time, and within a minute. */
const RUNNING_MAX = 4;
const PER_MINUTE = 60;
const MINUTE_MS = 60_000;
/** Of these an ordinary user's findings have no more than a third. */
const SHARE = 3;
/** What was written to a pipe is read by then. */
const GRACE_MS = 1000;
/** Lines of one run that are passed on, and characters of each. */
const LINES_MAX = 10;
const LINE_MAX = 300;
const PASSED_ON = ["PATH", "HOME", "LANG", "LC_ALL", "TZ", "USER", "LOGNAME", "SHELL"];

interface Run {
  readonly hook: Hook;
  readonly told: Told;
}

/** Runs hooks, few at a time. */
export class Hooks {
  readonly #options: HookOptions;
  readonly #waiting: Run[] = [];
  /** By hook and key: one at a time. */
  readonly #running = new Map<string, ChildProcess>();
  /** When the last runs began, and for whose process, oldest first. */
  readonly #begun: { readonly at: number; readonly uid: number | null }[] = [];
  #heldBack = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isClosed = false;

  constructor(options: HookOptions) {
    this.#options = options;
  }

  /** Says which of them cannot be run, before there is anything to tell. */
  check(): void {
    for (const hook of this.#options.hooks) {
      try {
        accessSync(hook.path, constants.X_OK);
      } catch (error) {
        this.#failed(hook, error as NodeJS.ErrnoException);
      }
    }
  }

  /** Tells all hooks for which it is. */
  tell(told: Told): void {
    if (this.#isClosed) return;
    for (const hook of this.#options.hooks) {
      if (hook.kind !== null && hook.kind !== told.kind) continue;
      const own = this.#waiting.filter(({ told: { uid } }) => uid === told.uid).length;
      const isMuch = told.uid !== 0 && own >= WAITING_MAX / SHARE;
      if (isMuch || this.#waiting.length >= WAITING_MAX) this.#heldBack++;
      else this.#waiting.push({ hook, told });
    }
    this.#runMore();
  }

  /** Runs no more, and ends those that run. */
  close(): void {
    this.#isClosed = true;
    this.#waiting.length = 0;
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const child of this.#running.values()) endGroup(child);
  }

  #now(): number {
    return this.#options.now?.() ?? performance.now();
  }

  #runMore(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    while (!this.#isClosed && this.#running.size < RUNNING_MAX) {
      // Those whose key is at work are looked at when that is over.
      const idle = this.#waiting.filter((run) => !this.#running.has(nameOf(run)));
      const next = idle.find(({ told }) => this.#waitMs(told.uid) <= 0);
      if (next === undefined) {
        if (idle.length === 0) return;
        const wait = Math.min(...idle.map(({ told }) => this.#waitMs(told.uid)));
        this.#timer = setTimeout(() => this.#runMore(), wait);
        this.#timer.unref();
        return;
      }
      this.#waiting.splice(this.#waiting.indexOf(next), 1);
      this.#begin(next);
    }
  }

  /** How long until another may begin for that user. */
  #waitMs(uid: number | null): number {
    const now = this.#now();
    while (this.#begun.length > 0 && this.#begun[0]!.at <= now - MINUTE_MS) this.#begun.shift();
    const own = this.#begun.filter((run) => run.uid === uid);
    if (uid !== 0 && own.length >= PER_MINUTE / SHARE) return own[0]!.at + MINUTE_MS - now;
    return this.#begun.length < PER_MINUTE ? 0 : this.#begun[0]!.at + MINUTE_MS - now;
  }

  #begin(run: Run): void {
    const { hook, told } = run;
    const name = nameOf(run);
    this.#begun.push({ at: this.#now(), uid: told.uid });
    const heldBack = this.#heldBack;
    this.#heldBack = 0;
    let child: ChildProcess;
    try {
      child = spawn(hook.path, [], {
        // A group of its own: what it starts is ended with it.
        detached: true,
        stdio: "pipe",
        env: { ...this.#environment(), ...told.fields, FH_HELD_BACK: String(heldBack) },
      });
    } catch (error) {
      this.#failed(hook, error as NodeJS.ErrnoException);
      return;
    }
    this.#running.set(name, child);
    const limit = this.#options.limitMs ?? LIMIT_MS;
    const timer = setTimeout(() => {
      this.#options.say(`hook ${hook.path} ended after ${limit / 1000} s: it took too long`);
      endGroup(child);
    }, limit);
    timer.unref();
    const over = () => {
      clearTimeout(timer);
      // What it has left behind is not for ever, nor are the pipes that this holds.
      endGroup(child);
      setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, GRACE_MS).unref();
      if (!this.#running.delete(name)) return;
      this.#runMore();
    };
    child.once("error", (error) => {
      this.#failed(hook, error);
      over();
    });
    child.once("exit", (code, signal) => {
      if (code !== 0 && !this.#isClosed) {
        const how = signal === null ? `with status ${code}` : `by ${signal}`;
        this.#options.say(`hook ${hook.path} ended ${how}`);
      }
      over();
    });
    this.#passOn(hook, child);
    // Who does not read it closes the pipe.
    child.stdin?.on("error", () => {});
    child.stdin?.end(`${told.json}\n`);
  }

  /** Output of a hook, line by line; more than some of it is read, and left out. */
  #passOn(hook: Hook, child: ChildProcess): void {
    let lines = 0;
    let text = "";
    const tell = (line: string) => {
      lines++;
      if (line === "" || lines > LINES_MAX) return;
      this.#options.say(`hook ${hook.path}: ${line.slice(0, LINE_MAX)}`);
    };
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (chunk: string) => {
        if (lines > LINES_MAX) return;
        const parts = (text + chunk).split("\n");
        text = parts.pop()!.slice(0, LINE_MAX);
        parts.forEach(tell);
      });
    }
    child.once("close", () => tell(text));
  }

  #environment(): Record<string, string> {
    const { env } = this.#options;
    return Object.fromEntries(PASSED_ON.flatMap((name) => {
      const value = env[name];
      return value === undefined ? [] : [[name, value]];
    }));
  }

  #failed({ path }: Hook, { code, message }: NodeJS.ErrnoException): void {
    this.#options.say(`hook ${path} cannot be run: ${code ?? message}`);
  }
}

function nameOf({ hook, told }: Run): string {
  return `${hook.path}\n${told.key}`;
}

/** Ends a hook with all that it has started. */
function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended just now.
  }
}
