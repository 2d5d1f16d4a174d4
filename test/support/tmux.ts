/**
 * A shell in a terminal of tmux: keys are sent to it, and its screen is read.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./until.ts";

const TMUX = ["/usr/bin/tmux", "/bin/tmux"].find((path) => existsSync(path));
const PANE = "shell";

/** Why there is none; null where there is. */
export const tmuxMissing: string | null = TMUX === undefined ? "tmux" : null;

/** A terminal of its own server; disposing of it ends all that runs in it. */
export class Tmux {
  readonly #folder = mkdtempSync(join(tmpdir(), "fh-tmux-"));

  private constructor() {}

  /** Starts a shell in a terminal of so many cells and lines. */
  static async start(columns: number, rows: number): Promise<Tmux> {
    const tmux = new Tmux();
    const size = ["-x", String(columns), "-y", String(rows)];
    tmux.call("new-session", "-d", "-s", PANE, ...size, "env PS1='ready> ' sh");
    await tmux.shows(/ready>/);
    return tmux;
  }

  /** Calls tmux; what it prints comes back. */
  call(...args: readonly string[]): string {
    const all = ["-S", join(this.#folder, "socket"), "-f", "/dev/null", ...args];
    return spawnSync(TMUX!, all, { encoding: "utf8" }).stdout;
  }

  /** Types keys, by tmux's names of them. */
  keys(...names: readonly string[]): void {
    this.call("send-keys", "-t", PANE, ...names);
  }

  /** Types a text as it is. */
  type(text: string): void {
    this.call("send-keys", "-t", PANE, "-l", text);
  }

  /** A click as terminals tell it (SGR); cells are counted from 1. */
  click(x: number, y: number): void {
    this.type(`\x1b[<0;${x};${y}M\x1b[<0;${x};${y}m`);
  }

  /** Gives the terminal another size. */
  resize(columns: number, rows: number): void {
    this.call("resize-window", "-t", PANE, "-x", String(columns), "-y", String(rows));
  }

  /** The screen as text. */
  screen(): string {
    return this.call("capture-pane", "-p", "-t", PANE);
  }

  /** Waits until the screen shows something. */
  async shows(what: RegExp): Promise<void> {
    await until(() => what.test(this.screen()), String(what));
  }

  /** The value of a format of tmux, such as `#{alternate_on}`. */
  value(format: string): string {
    return this.call("display", "-p", "-t", PANE, format).trim();
  }

  /** Pid of what the shell runs. */
  child(): number {
    const shell = this.value("#{pane_pid}");
    return Number(readFileSync(`/proc/${shell}/task/${shell}/children`, "utf8").trim());
  }

  [Symbol.dispose](): void {
    this.call("kill-server");
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
