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
import { displayWidth, escapeText, fitWidth } from "../text/escape.ts";
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
  /** Cells of a line, as they are now; Infinity where lines need not be cut. */
  width(): number;
}

/** Below so many cells the columns would leave a command no room. */
const WIDE_CELLS = 120;
/** What is noted behind a command leaves so much of it, but for how it ended. */
const COMMAND_CELLS_MIN = 12;

const STYLES: Readonly<Record<string, Style>> = {
  fork: "blue",
  exec: "green",
  exit: "dim",
  snapshot: "dim",
  gap: "red",
};

const NAMES: Cells = {
  time: "TIME",
  event: "EVENT",
  pid: "PID",
  ppid: "PPID",
  user: "USER",
  duration: "DURATION",
  status: "STATUS",
};
/** Cells of a day with a time, in wide columns and in few. */
const DAY_CELLS = "11-24 12:15:54.123".length;
const SHORT_DAY_CELLS = "11-24 12:15:54".length;

type Cells = Record<"time" | "event" | "pid" | "ppid" | "user" | "duration" | "status", string>;

function columns(cells: Cells): string {
  return `${cells.time.padEnd(12)} ${cells.event.padEnd(8)} ${cells.pid.padStart(7)} ` +
    `${cells.ppid.padStart(7)} ${cells.user.padEnd(8)} ${cells.duration.padStart(8)} ` +
    `${cells.status.padEnd(8)} `;
}

/** The same where they are few: how it ended stands behind the command. */
function fewColumns({ time, event, pid, ppid, user }: Cells): string {
  return `${time} ${event.padEnd(5)} ${pid.padStart(7)} ${ppid.padStart(7)} ${user.padEnd(8)} `;
}

/** Writes changes as lines: one a row, where a terminal has an end. */
export class EventLines {
  readonly #options: LineOptions;
  readonly #clock: WallClock;
  readonly #commands = new WeakMap<Image, string>();
  readonly #depths = new WeakMap<Process, number>();
  /** Those whose fork was not shown, and that have run no program of their own since. */
  readonly #forked = new WeakSet<Process>();

  constructor(options: LineOptions) {
    this.#options = options;
    this.#clock = new WallClock(options.offsetAt);
  }

  /** The columns' names, in the widths of the lines below them. */
  header(): string {
    const isWide = this.#options.width() >= WIDE_CELLS;
    const time = "TIME".padEnd("12:15:54.123".length);
    const dated = "DATE  TIME".padEnd(isWide ? DAY_CELLS : SHORT_DAY_CELLS);
    const names = { ...NAMES, time: this.#options.dates ? dated : time };
    const header = `${isWide ? columns(names) : fewColumns(names)}COMMAND`;
    return fitWidth(header, this.#options.width());
  }

  /** Takes note of a fork that is not shown. */
  pass({ process, inferred }: Change): void {
    if (process === null) return;
    // Of whom a fork is but supposed, an exec may have been missed.
    if (!inferred) this.#forked.add(process);
    if (this.#options.tree) this.#depth(process);
  }

  /** Appends one change as a line, newline included. */
  append(change: Change, epoch: BootEpoch, to: ByteText): void {
    to.text(this.line(change, epoch));
  }

  /** One change as a line, newline included. */
  line(change: Change, epoch: BootEpoch): string {
    const { process } = change;
    const { color } = this.#options;
    const width = this.#options.width();
    const isWide = width >= WIDE_CELLS;
    const time = this.#time(change.time, epoch, isWide);
    if (process === null) {
      const text = `${time} gap${" ".repeat(isWide ? 6 : 3)}${this.#gapText(change, epoch)}`;
      return paint(fitWidth(text, width), "red", color) + "\n";
    }
    if (change.kind === "exec") this.#forked.delete(process);
    const status = change.kind === "exit" ? exitStatus(process.status) : null;
    const event = change.inferred ? `${change.kind}*` : change.kind;
    const texts: Cells = {
      time,
      event,
      pid: String(process.pid),
      ppid: process.ppid === null ? "?" : String(process.ppid),
      user: this.#user(process.uid),
      duration: change.kind === "exit" ? this.#duration(process) : "",
      status: status === null ? "" : exitWords(status),
    };
    const notes = this.#notes(change);
    if (!isWide && status !== null) notes.unshift(`${texts.status}, ${texts.duration}`);
    const cells = fitWidth(isWide ? columns(texts) : fewColumns(texts), width);
    const failed = status !== null && (status.signal !== null || (status.code ?? 0) !== 0);
    const style = failed ? "red" : STYLES[change.kind] ?? "yellow";
    const indent = this.#indent(process);
    const note = notes.length === 0 ? "" : `  # ${notes.join("; ")}`;
    const room = width - displayWidth(cells);
    const least = status === null ? COMMAND_CELLS_MIN : 0;
    const command = this.#command(process.image);
    return paint(cells, style, color) + fitRow(indent, command, note, room, least) + "\n";
  }

  #time(time: number, epoch: BootEpoch, isWide: boolean): string {
    if (!this.#options.dates) return this.#clock.local(epoch, time);
    const text = this.#clock.localDay(epoch, time);
    return isWide ? text : text.slice(0, SHORT_DAY_CELLS);
  }

  #notes(change: Change): string[] {
    const note = noteOf(change);
    const { kind, process } = change;
    const isFork = kind === "exit" && process !== null && this.#forked.has(process);
    return [...note === null ? [] : [note], ...isFork ? ["no exec"] : []];
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

  /** Depth among the processes this output has shown, or passed. */
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

/**
 * What is noted behind a command is cut last, and leaves it `least` cells where it can; an indent
 * takes half of what there is at most.
 */
function fitRow(
  indent: string,
  command: string,
  note: string,
  room: number,
  least: number,
): string {
  if (room === Infinity) return indent + command + note;
  if (room < 1) return "";
  const space = indent.slice(0, Math.max(0, Math.floor(room / 2)));
  const left = Math.max(0, room - space.length);
  const cells = Math.max(Math.min(least, displayWidth(command)), left - displayWidth(note));
  const shown = fitWidth(command, cells);
  return space + fitWidth(shown === "" ? note.trimStart() : shown + note, left);
}

/** What a change is beside its process. */
function noteOf(change: Change): string | null {
  switch (change.kind) {
    case "uid":
    case "gid":
      return `${change.kind} ${change.a >>> 0}, effective ${change.b >>> 0}`;
    case "ptrace":
      return change.a === 0 ? "no longer traced" : `traced by ${change.a}`;
    case "comm":
      return `now named ${escapeText(change.process?.image.comm ?? "?")}`;
    default:
      return null;
  }
}
