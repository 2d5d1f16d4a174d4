/** Outputs that keep what is written, and a context around them. */
import type { Context } from "../../src/cli/command.ts";
import type { Output } from "../../src/term/output.ts";

/** An output in memory; `pendingBytes` is whatever a test sets. */
export class FakeOutput implements Output {
  text = "";
  closed = false;
  pendingBytes = 0;
  isTerminal = false;
  columns = 80;
  rows = 24;
  readonly #flushers: (() => void)[] = [];

  write(chunk: string | Uint8Array): void {
    this.text += typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk);
  }

  flush(): Promise<void> {
    if (this.pendingBytes === 0) return Promise.resolve();
    return new Promise((resolve) => this.#flushers.push(resolve));
  }

  /** The reader has caught up. */
  drain(): void {
    this.pendingBytes = 0;
    for (const resolve of this.#flushers.splice(0)) resolve();
  }

  /** The lines written. */
  get lines(): string[] {
    return this.text.split("\n").slice(0, -1);
  }
}

/** A context with outputs in memory. */
export interface FakeContext extends Context {
  readonly stdout: FakeOutput;
  readonly stderr: FakeOutput;
  readonly abort: AbortController;
}

/** Nothing is where this user, or the host, would have a history and a server. */
const NO_PLACES = { FH_DB: "/nonexistent/history.db", FH_SOCKET: "/nonexistent/fh.sock" };

/** A context for a command's test, on a host without a recorder; parts of it can be given. */
export function fakeContext(parts: Partial<Context> = {}): FakeContext {
  const abort = new AbortController();
  return {
    signal: abort.signal,
    procRoot: "/proc",
    euid: process.geteuid!(),
    now: Date.now,
    ...parts,
    env: { ...NO_PLACES, ...parts.env },
    stdout: new FakeOutput(),
    stderr: new FakeOutput(),
    abort,
  };
}
