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
import { ByteText, utf8 } from "../text/byte_text.ts";
import { displayWidth, escapeText, fitWidth } from "../text/escape.ts";
import { fitMiddle } from "../text/middle.ts";
import { quoteArgv } from "../text/quote.ts";
import { paint, type Style } from "../text/style.ts";
import { exitWords, lossNoun, sizeWords } from "../text/words.ts";
import { headerCells, RowCells } from "./row_cells.ts";

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
  /** Whether each line says what has happened; else a mark stands behind what was inferred. */
  readonly events?: boolean;
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

const NEWLINE = 0x0a;
const NONE: readonly string[] = [];

/** Writes changes as lines: one a row, where a terminal has an end. */
export class EventLines {
  readonly #options: LineOptions;
  readonly #cells: RowCells;
  /** Where the cells of a row are put together that is cut. */
  readonly #scratch = new ByteText(128);
  readonly #commands = new WeakMap<Image, string>();
  readonly #commandBytes = new WeakMap<Image, Uint8Array>();
  readonly #depths = new WeakMap<Process, number>();
  /** Those whose fork was not shown, and that have run no program of their own since. */
  readonly #forked = new WeakSet<Process>();
  #passed = false;

  constructor(options: LineOptions) {
    this.#options = options;
    this.#cells = new RowCells(options);
  }

  /** The columns' names, in the widths of the lines below them. */
  header(): string {
    const { dates = false, events = true } = this.#options;
    const width = this.#options.width();
    return fitWidth(`${headerCells(width >= WIDE_CELLS, dates, events)}COMMAND`, width);
  }

  /** Takes note of a fork that is not shown. */
  pass({ process, inferred }: Change): void {
    if (process === null) return;
    // Of whom a fork is but supposed, an exec may have been missed.
    if (!inferred) this.#forked.add(process);
    this.#passed = true;
    if (this.#options.tree) this.#depth(process);
  }

  /** Appends one change as a line, newline included. */
  append(change: Change, epoch: BootEpoch, to: ByteText): void {
    const { process } = change;
    const { color, tree } = this.#options;
    if (process === null || color || this.#options.width() !== Infinity) {
      to.text(this.line(change, epoch));
      return;
    }
    this.#cells.append(change, process, epoch, to);
    if (tree) to.text(this.#indent(process));
    to.bytes(this.#commandAsBytes(process.image));
    const notes = this.#notes(change);
    if (notes.length > 0) to.text(noteText(notes));
    to.byte(NEWLINE);
  }

  /** One change as a line, newline included. */
  line(change: Change, epoch: BootEpoch): string {
    const { process } = change;
    const { color } = this.#options;
    const width = this.#options.width();
    const isWide = width >= WIDE_CELLS;
    if (process === null) {
      const time = this.#cells.timeText(change.time, epoch, isWide);
      const text = `${time} gap${" ".repeat(isWide ? 6 : 3)}${this.#gapText(change, epoch)}`;
      return paint(fitWidth(text, width), "red", color) + "\n";
    }
    const status = change.kind === "exit" ? exitStatus(process.status) : null;
    const end = isWide || status === null
      ? []
      : [`${exitWords(status)}, ${this.#cells.duration(process)}`];
    const cells = fitWidth(this.#rowCells(change, process, epoch, isWide), width);
    const failed = status !== null && (status.signal !== null || (status.code ?? 0) !== 0);
    const style = failed ? "red" : STYLES[change.kind] ?? "yellow";
    const indent = this.#indent(process);
    const note = noteText([...end, ...this.#notes(change)]);
    const room = width - displayWidth(cells);
    const least = status === null ? COMMAND_CELLS_MIN : 0;
    const command = this.#command(process.image);
    return paint(cells, style, color) + fitRow(indent, command, note, room, least) + "\n";
  }

  #rowCells(change: Change, process: Process, epoch: BootEpoch, isWide: boolean): string {
    const cells = this.#cells;
    const text = this.#scratch;
    if (isWide) cells.append(change, process, epoch, text);
    else cells.appendFew(change, process, epoch, text);
    const row = text.toString();
    text.take();
    return row;
  }

  #notes(change: Change): readonly string[] {
    const { kind, process } = change;
    if (this.#passed && process !== null) {
      if (kind === "exec") this.#forked.delete(process);
      if (kind === "exit" && this.#forked.has(process)) return ["no exec"];
    }
    const note = noteOf(change);
    const notes = note === null ? NONE : [note];
    return this.#options.events === false && change.inferred ? [...notes, "inferred"] : notes;
  }

  /** How much is missing, since when, and why. */
  #gapText(change: Change, epoch: BootEpoch): string {
    const { since, time } = change;
    const loss = lossText(change) + (GAP_WORDS[change.b] ?? "unknown");
    if (since >= time) return loss;
    return `${loss}, since ${this.#cells.timeText(since, epoch, true)}`;
  }

  #command(image: Image): string {
    let text = this.#commands.get(image);
    if (text === undefined) {
      text = commandText(image) + this.#environment(image);
      this.#commands.set(image, text);
    }
    return text;
  }

  #commandAsBytes(image: Image): Uint8Array {
    let bytes = this.#commandBytes.get(image);
    if (bytes === undefined) {
      bytes = utf8(this.#command(image));
      this.#commandBytes.set(image, bytes);
    }
    return bytes;
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

/** What stands behind a command. */
function noteText(notes: readonly string[]): string {
  return notes.length === 0 ? "" : `  # ${notes.join("; ")}`;
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
  const shown = fitMiddle(command, cells);
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
