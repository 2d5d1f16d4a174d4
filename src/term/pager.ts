/**
 * A program in which people page through what is too long for their screen.
 *
 * @module
 */
import type { ChildProcess } from "node:child_process";
import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";

type Env = Readonly<Record<string, string | undefined>>;

/** What less does where people have not said: quit where all fits, keep colours and the screen. */
const LESS = "FRX";
/** Bytes that wait for a pager before its reader is waited for. */
const WAITING_MAX = 1 << 20;
/** A command line that sh need not stay for: what it starts is to get signals itself. */
const PLAIN = /^[\w./+-]+(?: +[\w./+,:@%-]+)*$/;
/** Who runs a program as root for somebody who may run no other. */
const RAISED = ["SUDO_UID", "DOAS_USER", "PKEXEC_UID"];
/** Exit statuses of sh: a command that cannot be executed, and one that is not there. */
const NOT_STARTED: readonly (number | null)[] = [126, 127];

/** A pager that people want, as a command line for sh, or why there is none of those. */
export interface WantedPager {
  readonly command: string | null;
  /** The program that was named and is not there. */
  readonly missing: string | null;
}

const NONE: WantedPager = { command: null, missing: null };

/** Whether root does it for another, who is not to get a shell of root's out of it. */
export function isRaised(env: Env, euid: number): boolean {
  return euid === 0 && RAISED.some((name) => env[name] !== undefined);
}

/** FH_PAGER, PAGER, or less; `cat` and an empty one stand for none. */
export function pagerOf(env: Env, euid: number): WantedPager {
  const { TERM: term = "", PATH: path = "" } = env;
  const isAble = term !== "" && term !== "dumb";
  const own = isAble && isProgram("less", path) ? { command: "less", missing: null } : NONE;
  if (isRaised(env, euid)) return own;
  const wanted = env["FH_PAGER"] ?? (isAble ? env["PAGER"] : "");
  if (wanted === undefined) return own;
  if (wanted.trim() === "" || wanted.trim() === "cat") return NONE;
  // What is not a plain word the shell is to make sense of.
  const [first] = /^[\w./+-]+(?=\s|$)/.exec(wanted.trim()) ?? [];
  const isThere = first === undefined || BUILTINS.has(first) || isProgram(first, path);
  return isThere ? { command: wanted.trim(), missing: null } : { command: null, missing: first };
}

const BUILTINS: ReadonlySet<string> = new Set(["command", "exec", "eval"]);

function isProgram(name: string, path: string): boolean {
  const folders = name.includes("/") ? [""] : path.split(delimiter);
  return folders.some((folder) => isExecutable(join(folder, name)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** A pager that runs. */
export class Pager {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #onClosed: () => void;
  #closed = false;
  #pending = 0;
  #waiting: (() => void)[] = [];
  /** It could not be started: nobody has read anything. */
  hasFailed = false;

  /** Starts it, on the terminal of this program; `onClosed` is told when it takes no more. */
  constructor(command: string, env: Env, euid: number, onClosed: () => void) {
    this.#onClosed = onClosed;
    const { spawn } = process.getBuiltinModule("node:child_process");
    const line = PLAIN.test(command) && !BUILTINS.has(command.split(" ")[0]!)
      ? `exec ${command}`
      : command;
    const child = this.#child = spawn("/bin/sh", ["-c", line], {
      stdio: ["pipe", "inherit", "inherit"],
      env: {
        ...env,
        LESS: env["LESS"] ?? LESS,
        LV: env["LV"] ?? "-c",
        ...isRaised(env, euid) ? { LESSSECURE: "1" } : {},
      },
    });
    child.stdin?.on("error", () => this.#close());
    this.#ended = new Promise((resolve) => {
      child.on("exit", (status) => {
        this.hasFailed ||= NOT_STARTED.includes(status);
        this.#close();
        resolve();
      });
      child.on("error", () => {
        this.hasFailed = true;
        this.#close();
        resolve();
      });
    });
  }

  /** Whether nobody takes anything any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Bytes that it has not taken: not every runtime counts them. */
  get pendingBytes(): number {
    return this.#pending;
  }

  write(chunk: string | Uint8Array): void {
    if (this.#closed) return;
    const size = typeof chunk === "string" ? Buffer.byteLength(chunk) : chunk.byteLength;
    this.#pending += size;
    this.#child.stdin!.write(chunk, () => {
      this.#pending -= size;
      this.#wake();
    });
  }

  /** Resolves when it has taken most, or is gone: whoever reads has all the time. */
  async drain(): Promise<void> {
    while (!this.#closed && this.#pending >= WAITING_MAX) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Nothing more comes; resolves when its reader has left it. */
  async end(): Promise<void> {
    if (!this.#closed) this.#child.stdin!.end();
    await this.#ended;
  }

  /** Ends it, and what sh runs for it: the program is to end. */
  kill(): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    for (const child of childrenOf(pid)) signal(child);
    signal(pid);
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#wake();
    this.#onClosed();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
    return text.split(" ").filter((word) => word !== "").map(Number);
  } catch {
    return [];
  }
}

function signal(pid: number): void {
  try {
    process.kill(pid, "SIGTERM");
  } catch {
    // It has ended.
  }
}
