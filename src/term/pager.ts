/**
 * A program in which people page through what is too long for their screen.
 *
 * @module
 */
import type { ChildProcess } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";

type Env = Readonly<Record<string, string | undefined>>;

/** What less does where people have not said: quit where all fits, keep colours and the screen. */
const LESS = "FRX";
/** Bytes that wait for a pager before its reader is waited for. */
const WAITING_MAX = 1 << 20;

/** A pager that people want, as a command line for sh, or why there is none of those. */
export interface WantedPager {
  readonly command: string | null;
  /** The program that was named and is not there. */
  readonly missing: string | null;
}

/** FH_PAGER, PAGER, or less; `cat` and an empty one stand for none. */
export function pagerOf(env: Env): WantedPager {
  const none = { command: null, missing: null };
  const wanted = env["FH_PAGER"] ?? env["PAGER"];
  if (wanted === undefined) {
    const isThere = env["TERM"] !== "dumb" && isProgram("less", env["PATH"] ?? "");
    return isThere ? { command: "less", missing: null } : none;
  }
  if (wanted.trim() === "" || wanted === "cat") return none;
  // What is not a plain word the shell is to make sense of.
  const [first = ""] = /^[\w./+-]+/.exec(wanted) ?? [];
  const isThere = first === "" || isProgram(first, env["PATH"] ?? "");
  return isThere ? { command: wanted, missing: null } : { command: null, missing: first };
}

function isProgram(name: string, path: string): boolean {
  const folders = name.includes("/") ? [""] : path.split(delimiter);
  return folders.some((folder) => isExecutable(join(folder, name)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A pager that runs. */
export class Pager {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #closed = false;

  /** Starts it, on the terminal of this program; `onClosed` is told when it takes no more. */
  constructor(command: string, env: Env, onClosed: () => void) {
    const { spawn } = process.getBuiltinModule("node:child_process");
    const child = this.#child = spawn("/bin/sh", ["-c", command], {
      stdio: ["pipe", "inherit", "inherit"],
      env: { ...env, LESS: env["LESS"] ?? LESS, LV: env["LV"] ?? "-c" },
    });
    const close = () => {
      if (this.#closed) return;
      this.#closed = true;
      onClosed();
    };
    child.stdin!.on("error", close);
    this.#ended = new Promise((resolve) => {
      const end = () => {
        close();
        resolve();
      };
      child.on("exit", end);
      child.on("error", end);
    });
  }

  /** Whether nobody takes anything any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Bytes that it has not taken. */
  get pendingBytes(): number {
    return this.#child.stdin!.writableLength;
  }

  write(chunk: string | Uint8Array): void {
    if (!this.#closed) this.#child.stdin!.write(chunk);
  }

  /** Resolves when it has taken most, or is gone: whoever reads has all the time. */
  async drain(): Promise<void> {
    const { stdin } = this.#child;
    if (this.#closed || stdin!.writableLength < WAITING_MAX) return;
    await Promise.race([
      new Promise<void>((resolve) => stdin!.once("drain", () => resolve())),
      this.#ended,
    ]);
  }

  /** Nothing more comes; resolves when its reader has left it. */
  async end(): Promise<void> {
    if (!this.#closed) this.#child.stdin!.end();
    await this.#ended;
  }

  /** Ends it: the program is to end. */
  kill(): void {
    this.#child.kill("SIGTERM");
  }
}
