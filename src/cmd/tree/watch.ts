/**
 * `fh tree --watch`: the tree on the terminal, kept up to date.
 *
 * @module
 */
import { noProcess } from "../../ask/not_found.ts";
import { chooseRoots } from "../../ask/tree_query.ts";
import type { Context } from "../../cli/command.ts";
import { liveSource } from "../../cli/globals.ts";
import { EXIT } from "../../fault.ts";
import type { Change } from "../../model/machine.ts";
import type { Process } from "../../model/process.ts";
import { buildForest } from "../../model/tree.ts";
import type { ProcReader } from "../../proc/procfs.ts";
import { parseStat } from "../../proc/stat.ts";
import type { Session } from "../../session.ts";
import { LiveScreen, windowAround } from "../../term/live.ts";
import { mindTerminal } from "../../term/terminal.ts";
import { fitWidth } from "../../text/escape.ts";
import { paint } from "../../text/style.ts";
import { lossNoun } from "../../text/words.ts";
import { drawRow, treeHeading, treeRows, type TreeStyle } from "../../view/tree.ts";
import { openSession } from "../capture.ts";
import { tellSource } from "../source_line.ts";
import { createRedactFrom } from "../../ask/text/redact.ts";
import { type TreeOptions, treeStyle, unfolded } from "./options.ts";
import { withTimes } from "./times.ts";

/** What has ended is shown for so long, unless told otherwise. */
const KEEP_NS = 10_000_000_000;
const DRAW_EVERY_MS = 100;
/** Ages and bars grow, whether anything happens or not. */
const AGE_EVERY_MS = 1000;
/** Drawing the tree of a large and busy host takes at most a tenth of a CPU. */
const PAUSE_PER_DRAW = 9;

/** One run of the command. */
export class TreeWatch {
  readonly #context: Context;
  readonly #reader: ProcReader;
  readonly #pid: number | null;
  readonly #options: TreeOptions;
  readonly #screen: LiveScreen;
  readonly #style: TreeStyle;
  readonly #done = Promise.withResolvers<void>();
  #session!: Session;
  /** The process that was asked for, once the session knows it. */
  #focus: Process | null = null;
  #changed = true;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #timerAt = Infinity;
  #drawnAt = -Infinity;
  #drawMs = 0;
  #lost = 0;
  /** Why, by the last of them: one source, one reason. */
  #lossReason = 0;

  constructor(context: Context, reader: ProcReader, pid: number | null, options: TreeOptions) {
    this.#context = context;
    this.#reader = reader;
    this.#pid = pid;
    this.#options = options;
    this.#screen = new LiveScreen(context.stdout);
    this.#style = {
      ...treeStyle(context, options, null),
      reaperOf: (orphan) => this.#reaperOf(orphan),
    };
    this.#style.users.live();
  }

  /** Draws until the context's signal; the terminal is as it was when the status comes back. */
  async run(): Promise<number> {
    const { signal, stdout, stderr } = this.#context;
    this.#session = await this.#open();
    const { info } = this.#session;
    tellSource(this.#context, info, this.#options);
    await stderr.flush();
    const stop = () => this.#done.resolve();
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
    const forget = mindTerminal(this.#context, this.#screen, () => {
      this.#changed = true;
      this.#drawIn(0);
    });
    this.#screen.open();
    try {
      this.#session.begin();
      this.#drawIn(0);
      await this.#done.promise;
    } finally {
      signal.removeEventListener("abort", stop);
      if (this.#timer !== null) clearTimeout(this.#timer);
      this.#screen.close();
      forget();
      await this.#session.close();
      await stdout.flush();
    }
    return EXIT.done;
  }

  async #open(): Promise<Session> {
    const { source = "auto" } = this.#options;
    const { procRoot, capture: start } = this.#context;
    return await openSession({ act: "watch", source, start }, {
      capture: {
        source: liveSource(source),
        procRoot,
        env: [],
        intervalNs: null,
        realtime: true,
      },
      redact: createRedactFrom(this.#options),
      onChange: (change) => this.#see(change),
      onBatch: () => {
        if (this.#changed) this.#drawIn(0);
      },
      onEnd: (error) => error === null ? this.#done.resolve() : this.#done.reject(error),
    });
  }

  #see(change: Change): void {
    this.#changed = true;
    if (change.kind === "gap") {
      this.#lost += Math.max(0, change.a);
      this.#lossReason = change.b;
    }
  }

  /** Draws in `ms`, or sooner if that is planned already, but not too soon after the last time. */
  #drawIn(ms: number): void {
    const pause = Math.max(DRAW_EVERY_MS, this.#drawMs * PAUSE_PER_DRAW);
    const at = Math.max(performance.now() + ms, this.#drawnAt + pause);
    if (at >= this.#timerAt) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#timerAt = Infinity;
      this.#draw();
    }, Math.max(0, at - performance.now()));
  }

  #draw(): void {
    // A terminal that was stopped (Ctrl-S) still has the last screen to take.
    if (!this.#screen.isOpen || this.#context.stdout.pendingBytes > 0) {
      this.#drawIn(DRAW_EVERY_MS);
      return;
    }
    this.#changed = false;
    const start = performance.now();
    try {
      this.#findFocus();
      const lines = this.#lines();
      if (lines !== null) this.#screen.draw(lines);
    } catch (error) {
      this.#done.reject(error);
    }
    this.#drawnAt = performance.now();
    this.#drawMs = this.#drawnAt - start;
  }

  #findFocus(): void {
    const pid = this.#pid;
    if (pid === null || this.#focus !== null) return;
    this.#focus = this.#session.machine.get(pid) ?? null;
    if (this.#focus !== null || this.#reader.read(pid, "stat") !== null) return;
    throw noProcess(pid, "it ended before the watch began");
  }

  /** The screen; null as long as the process that was asked for is not known. */
  #lines(): string[] | null {
    const { stdout } = this.#context;
    if (this.#pid !== null && this.#focus === null) return null;
    const plain = { ...this.#style, width: stdout.columns, focus: this.#focus };
    const forest = this.#forest();
    const focus = this.#pid === null ? null : forest.find(this.#pid);
    const roots = chooseRoots(forest, focus, unfolded(this.#options));
    const style = withTimes(this.#context, this.#options, roots, plain);
    const heading = treeHeading(style);
    if (heading !== null) this.#drawIn(AGE_EVERY_MS);
    const rows = treeRows(roots, style);
    const room = Math.max(1, stdout.rows - (heading === null ? 1 : 2));
    const at = rows.findIndex(({ node }) => node.process === this.#focus);
    const { start, end } = windowAround(rows.length, room, Math.max(0, at));
    const lines = rows.slice(start, end).map((row) => drawRow(row, style));
    if (heading !== null && stdout.rows > 2) lines.unshift(heading);
    if (stdout.rows > 1) lines.push(this.#statusLine(rows.length - (end - start)));
    return lines;
  }

  #forest(): ReturnType<typeof buildForest> {
    const { machine, beganAt, elapsedNs } = this.#session;
    const { keep: keepNs = KEEP_NS } = this.#options;
    const now = beganAt + elapsedNs;
    let next = Infinity;
    const forest = buildForest(machine.processes(), (dead) => {
      if (dead === this.#focus) return true;
      const left = (dead.end ?? 0) + keepNs - now;
      if (left <= 0) return false;
      next = Math.min(next, left);
      return true;
    });
    if (next !== Infinity) this.#drawIn(next / 1e6 + 1);
    return forest;
  }

  #statusLine(hidden: number): string {
    const words = [`source ${this.#session.info.source}`];
    if (hidden > 0) words.push(`${hidden} ${hidden === 1 ? "line" : "lines"} hidden`);
    if (this.#lost > 0) words.push(`${this.#lost} ${lossNoun(this.#lost, this.#lossReason)} lost`);
    words.push("Ctrl-C ends");
    const text = fitWidth(words.join(", "), this.#context.stdout.columns);
    return paint(text, "dim", this.#style.color);
  }

  /** Nobody tells who takes over an orphan until it ends: /proc knows. */
  #reaperOf(orphan: Process): number | null {
    const { alive, parent, reaper, pid } = orphan;
    if (!alive || parent === null || parent.alive) return reaper;
    const bytes = this.#reader.read(pid, "stat");
    const stat = bytes === null ? null : parseStat(bytes);
    if (stat === null || Math.abs(stat.startTicks - orphan.startTicks) > 1) return reaper;
    return stat.ppid === parent.pid ? reaper : stat.ppid;
  }
}
