/**
 * Changes as lines for people: aligned columns, then the command line.
 *
 * @module
 */
import type { BootEpoch } from "../model/batch.ts";
import { GAP_WORDS } from "../model/event.ts";
import type { Image } from "../model/image.ts";
import type { Change } from "../model/machine.ts";
import { exitStatus, type Process } from "../model/process.ts";
import type { Users } from "../proc/passwd.ts";
import type { ByteText } from "../text/byte_text.ts";
import { escapeText } from "../text/escape.ts";
import { quoteArgv } from "../text/quote.ts";
import { paint, type Style } from "../text/style.ts";
import { WallClock } from "../text/time.ts";
import { durationWords, exitWords, lossNoun, sizeWords } from "../text/words.ts";

/** How lines are made. */
export interface LineOptions {
  readonly users: Users;
  readonly color: boolean;
  /** How far local clocks are ahead of UTC at a moment; both in milliseconds. */
  readonly offsetAt: (moment: number) => number;
  /** Indent the command by the depth below the oldest known ancestor that is watched. */
  readonly tree: boolean;
  /** Whether the day stands before the time. */
  readonly dates?: boolean;
  /** Names of environment variables to show behind the command. */
  readonly env: readonly string[];
}

const STYLES: Readonly<Record<string, Style>> = {
  fork: "blue",
  exec: "green",
  exit: "dim",
  snapshot: "dim",
  gap: "red",
};

/** The columns' names, in the widths of the lines below them. */
export const LINE_HEADER: string = header("TIME");
/** The same where the day stands before the time. */
export const DATED_HEADER: string = header("DATE  TIME".padEnd(18));

function header(time: string): string {
  return columns({
    time,
    event: "EVENT",
    pid: "PID",
    ppid: "PPID",
    user: "USER",
    duration: "DURATION",
    status: "STATUS",
  }) + "COMMAND";
}

type Cells = Record<"time" | "event" | "pid" | "ppid" | "user" | "duration" | "status", string>;

function columns(cells: Cells): string {
  return `${cells.time.padEnd(12)} ${cells.event.padEnd(8)} ${cells.pid.padStart(7)} ` +
    `${cells.ppid.padStart(7)} ${cells.user.padEnd(8)} ${cells.duration.padStart(8)} ` +
    `${cells.status.padEnd(8)} `;
}

/** Writes changes as lines. */
export class EventLines {
  readonly #options: LineOptions;
  readonly #clock: WallClock;
  readonly #commands = new WeakMap<Image, string>();
  readonly #depths = new WeakMap<Process, number>();

  constructor(options: LineOptions) {
    this.#options = options;
    this.#clock = new WallClock(options.offsetAt);
  }

  /** Appends one change as a line, newline included. */
  append(change: Change, epoch: BootEpoch, to: ByteText): void {
    to.text(this.line(change, epoch));
  }

  /** One change as a line, newline included. */
  line(change: Change, epoch: BootEpoch): string {
    const { process } = change;
    const { color, dates } = this.#options;
    const clock = this.#clock;
    const time = dates ? clock.localDay(epoch, change.time) : clock.local(epoch, change.time);
    if (process === null) {
      return paint(`${time} gap      ${this.#gapText(change, epoch)}`, "red", color) + "\n";
    }
    const status = change.kind === "exit" ? exitStatus(process.status) : null;
    const event = change.inferred ? `${change.kind}*` : change.kind;
    const cells = columns({
      time,
      event,
      pid: String(process.pid),
      ppid: process.ppid === null ? "?" : String(process.ppid),
      user: this.#user(process.uid),
      duration: change.kind === "exit" ? this.#duration(process) : "",
      status: status === null ? "" : exitWords(status),
    });
    const failed = status !== null && (status.signal !== null || (status.code ?? 0) !== 0);
    const style = failed ? "red" : STYLES[change.kind] ?? "yellow";
    return paint(cells, style, color) + this.#indent(process) + this.#command(process.image) +
      note(change) + "\n";
  }

  /** How much is missing, since when, and why. */
  #gapText(change: Change, epoch: BootEpoch): string {
    const { since, time } = change;
    const loss = lossText(change) + (GAP_WORDS[change.b] ?? "unknown");
    if (since >= time) return loss;
    const clock = new WallClock();
    const { dates } = this.#options;
    const begin = dates ? clock.localDay(epoch, since) : clock.local(epoch, since);
    return `${loss}, since ${begin}`;
  }

  #user(uid: number | null): string {
    if (uid === null) return "?";
    const name = escapeText(this.#options.users.name(uid) ?? String(uid));
    return name.length <= 8 ? name : name.slice(0, 7) + "+";
  }

  #duration(process: Process): string {
    return process.durationNs === null ? "?" : durationWords(process.durationNs);
  }

  #command(image: Image): string {
    let text = this.#commands.get(image);
    if (text === undefined) {
      text = commandText(image) + this.#environment(image);
      this.#commands.set(image, text);
    }
    return text;
  }

  #environment(image: Image): string {
    if (this.#options.env.length === 0 || image.env === null) return "";
    const pairs = Object.entries(image.env).map(([name, value]) => `${name}=${value}`);
    return pairs.length === 0 ? "" : `  # ${pairs.map(escapeText).join(" ")}`;
  }

  #indent(process: Process): string {
    return this.#options.tree ? "  ".repeat(this.#depth(process)) : "";
  }

  /** Depth among the processes this output has shown. */
  #depth(process: Process): number {
    let depth = this.#depths.get(process);
    if (depth === undefined) {
      const above = process.parent === null ? undefined : this.#depths.get(process.parent);
      depth = above === undefined ? 0 : Math.min(above + 1, 40);
      this.#depths.set(process, depth);
    }
    return depth;
  }
}

/** How much was lost; below 0 where that is not known. */
function lossText({ a: lost, b: reason }: Change): string {
  return lost < 0 ? "" : `${lost} ${lossNoun(lost, reason)} lost: `;
}

/**
 * The command line as a shell would take it; the bracketed name where argv is not known, or is
 * empty. A title that a program gave itself (setproctitle) stands as it is, without quotes.
 */
export function commandText(image: Image): string {
  const { argv, comm } = image;
  const [first = "", ...others] = argv ?? [];
  if (argv === null || (first === "" && others.every((word) => word === ""))) {
    return comm === null ? "?" : `[${escapeText(comm)}]`;
  }
  const isTitle = first.includes(" ") && others.every((word) => word === "");
  return (isTitle ? escapeText(first.trimEnd()) : quoteArgv(argv)) + missingText(image);
}

/** How much of a command line was not kept, for who reads it. */
function missingText({ argvMore }: Image): string {
  return argvMore === 0 ? "" : ` [${sizeWords(argvMore)} more]`;
}

function note(change: Change): string {
  switch (change.kind) {
    case "uid":
    case "gid":
      return `  # ${change.kind} ${change.a >>> 0}, effective ${change.b >>> 0}`;
    case "ptrace":
      return change.a === 0 ? "  # no longer traced" : `  # traced by ${change.a}`;
    case "comm":
      return `  # now named ${escapeText(change.process?.image.comm ?? "?")}`;
    default:
      return "";
  }
}
