/**
 * `fh top` on a terminal.
 *
 * @module
 */
import process from "node:process";
import { type Context, useColor } from "../../cli/command.ts";
import type { Key } from "../../term/keys.ts";
import { openKeyboard } from "../../term/keyboard.ts";
import { LiveScreen } from "../../term/live.ts";
import { mindTerminal } from "../../term/terminal.ts";
import { placeRows } from "../../top/order.ts";
import type { TopRow } from "../../top/row.ts";
import { drawTop, type Frame, HELP_LINES } from "../../tui/frame.ts";
import { initialState, press, type TopEffect, type TopState, withText } from "../../tui/state.ts";
import type { TopOptions } from "./command.ts";
import type { Looks } from "./looks.ts";
import { sendSignal } from "./signal.ts";
import { whyPane } from "./why.ts";

/** After another key was chosen its first rows come so soon. */
const FIRST_LOOK_MS = 100;

/** One run of it. */
export class TopScreen {
  readonly #context: Context;
  readonly #looks: Looks;
  readonly #options: TopOptions;
  readonly #intervalMs: number;
  readonly #screen: LiveScreen;
  readonly #done = Promise.withResolvers<void>();
  readonly #stop = () => this.#done.resolve();
  #undo: (() => void)[] = [];
  #state: TopState;
  #frame: Frame | null = null;
  #rows: readonly TopRow[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #left: number;

  constructor(context: Context, looks: Looks, options: TopOptions, intervalMs: number) {
    this.#context = context;
    this.#looks = looks;
    this.#options = options;
    this.#intervalMs = intervalMs;
    this.#screen = new LiveScreen(context.stdout);
    this.#left = options.looks ?? Infinity;
    const { by: key = "command", sort = "cpu", filter = "" } = options;
    this.#state = { ...initialState({ key, sort }), filter };
  }

  /** Resolves when it is to end. */
  async run(): Promise<void> {
    const { signal } = this.#context;
    signal.addEventListener("abort", this.#stop);
    this.#undo.push(() => signal.removeEventListener("abort", this.#stop));
    if (signal.aborted) this.#stop();
    this.#undo.push(mindTerminal(this.#context, this.#screen, () => this.#draw()));
    this.#screen.open();
    this.#undo.push(openKeyboard({
      onKey: (key) => this.#guard(() => this.#press(key)),
      onEnd: this.#stop,
    }));
    this.#looks.look();
    this.#lookIn(Math.min(FIRST_LOOK_MS, this.#intervalMs), false);
    await this.#done.promise;
  }

  /** Gives the terminal back. */
  close(): void {
    clearTimeout(this.#timer);
    for (const undo of this.#undo.splice(0).reverse()) undo();
    this.#screen.close();
  }

  #lookIn(ms: number, counts: boolean): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#guard(() => this.#look(counts)), ms);
  }

  #look(counts: boolean): void {
    if (!this.#state.isFrozen) {
      this.#rows = this.#looks.look();
      if (counts) this.#left--;
    }
    this.#draw();
    if (this.#left <= 0) this.#stop();
    else this.#lookIn(this.#intervalMs, true);
  }

  #draw(): void {
    const { stdout, env } = this.#context;
    // A terminal that was stopped (Ctrl-S) still has the last screen to take.
    if (!this.#screen.isOpen || stdout.pendingBytes > 0) return;
    const rows = placeRows(this.#rows, this.#state, (row) => this.#looks.textOf(row));
    const { info } = this.#looks.session;
    this.#frame = drawTop(this.#state, {
      rows,
      columns: stdout.columns,
      height: stdout.rows,
      color: useColor(this.#options.color, stdout, env),
      nameOf: (row) => this.#looks.nameOf(row),
      status: [`source ${info.source}`, ...this.#looks.missing()].join("; "),
    });
    this.#screen.draw(this.#frame.lines);
  }

  #press(key: Key): void {
    if (this.#frame === null) this.#draw();
    const before = this.#state;
    const [state, effect] = press(before, key, this.#frame!);
    this.#state = state;
    if (state.key !== before.key) {
      this.#looks.key = state.key;
      this.#rows = this.#looks.look();
    }
    this.#draw();
    if (effect !== null) this.#do(effect).catch(this.#done.reject);
  }

  async #do(effect: TopEffect): Promise<void> {
    switch (effect.do) {
      case "quit":
        return this.#stop();
      case "suspend":
        process.kill(process.pid, "SIGTSTP");
        return;
      case "help":
        this.#state = withText(this.#state, HELP_LINES);
        break;
      case "why":
        this.#state = withText(
          this.#state,
          await whyPane(this.#context, effect.process, this.#options.db),
        );
        break;
      case "signal": {
        const message = await sendSignal(this.#looks.reader, effect.process, effect.signal);
        this.#state = { ...this.#state, message };
        break;
      }
    }
    this.#draw();
  }

  /** What fails ends it, with the terminal given back. */
  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#done.reject(error);
    }
  }
}
