/**
 * Columns in front of a tree: when a process started, how long it lasted, and a bar for its life.
 *
 * @module
 */
import type { BootClock, PastBoot } from "../model/boot.ts";
import { exitStatus, type Process } from "../model/process.ts";
import { type TreeNode, walk } from "../model/tree.ts";
import { paint, type Style } from "../text/style.ts";
import { durationWords } from "../text/words.ts";
import { barCells, type Scale } from "./bar.ts";

/** Nanoseconds in a millisecond. */
const NS_PER_MS = 1e6;
/** Between columns. */
const SPACE = "  ";
/** The tree itself is not to have less; columns that leave it less are not drawn. */
const TREE_CELLS_MIN = 16;
/** A bar of fewer cells says nothing. */
const BAR_CELLS_MIN = 8;
/** A moment has no length: a microsecond. */
const SCALE_MS_MIN = 0.001;
/** Names of those columns that have one. */
const HEADS = { started: "STARTED", lasted: "LASTED", process: "PROCESS" };

/** Which columns are drawn, and what they need to know. */
export interface TimeOptions {
  /** Started and lasted. */
  readonly times: boolean;
  /** A bar for each process. */
  readonly bars: boolean;
  /** Up to when the living have lived, milliseconds since the Unix epoch. */
  readonly now: number;
  /** What bars are drawn on, where that was asked for: null on a side that is open. */
  readonly stretch: { readonly since: number | null; readonly until: number | null };
  /** Those whose lives bars are drawn on where nothing was asked for; null: all that are shown. */
  readonly counted: ReadonlySet<Process> | null;
  /** Cells of a line. */
  readonly width: number;
  readonly color: boolean;
  /** The terminal shows ASCII alone. */
  readonly ascii: boolean;
  /** Local time of a moment, as short as can be, with milliseconds where that is wanted. */
  timeOf(moment: number, isFine: boolean): string;
}

/** Columns in front of each line of a tree: how long a process lasted is seen there. */
export interface TreeColumns {
  /** Cells that they take, those behind them included. */
  readonly width: number;
  /** What stands above all lines. */
  readonly head: string;
  /** Whether it has ended, and well, is seen here. */
  readonly showEnded: boolean;
  /** What stands in front of a process, `width` cells. */
  cells(process: Process): string;
}

interface Column {
  readonly head: string;
  readonly width: number;
  cell(process: Process): string;
}

/** When a process began and ended, milliseconds since the Unix epoch; null: not known. */
interface Life {
  readonly from: number | null;
  /** Of the living: now. */
  readonly to: number | null;
}

/** The columns for some trees; null where a line has no room for any. */
export function treeColumns(roots: readonly TreeNode[], options: TimeOptions): TreeColumns | null {
  const { times, bars, width } = options;
  const shown = walk(roots).map(({ process }) => process);
  let columns = times ? timeColumns(shown, options) : [];
  if (widthOf(columns) + TREE_CELLS_MIN > width) columns = [];
  let showEnded = false;
  if (bars) {
    const room = width - widthOf(columns);
    const cells = Math.max(BAR_CELLS_MIN, Math.floor(room / 2) - SPACE.length);
    if (cells + SPACE.length + TREE_CELLS_MIN <= room) {
      columns.push(barColumn(shown, options, cells));
      showEnded = true;
    }
  }
  if (columns.length === 0) return null;
  return {
    width: widthOf(columns),
    head: [...columns.map(({ head }) => head), HEADS.process].join(SPACE),
    showEnded,
    cells: (process) => columns.map(({ cell }) => cell(process) + SPACE).join(""),
  };
}

function widthOf(columns: readonly Column[]): number {
  return columns.reduce((sum, { width }) => sum + width + SPACE.length, 0);
}

function timeColumns(shown: readonly Process[], { now, timeOf }: TimeOptions): Column[] {
  const startOf = (process: Process) => {
    const { from } = lifeOf(process, now);
    return from === null ? "?" : timeOf(from, true);
  };
  const lastedOf = (process: Process) => {
    const { from, to } = lifeOf(process, now);
    if (process.durationNs !== null) return durationWords(process.durationNs);
    return from === null || to === null ? "?" : durationWords(Math.max(0, to - from) * NS_PER_MS);
  };
  const column = (name: string, cell: (process: Process) => string): Column => {
    const width = shown.reduce((most, one) => Math.max(most, cell(one).length), name.length);
    return {
      head: name.padStart(width),
      width,
      cell: (process) => cell(process).padStart(width),
    };
  };
  return [column(HEADS.started, startOf), column(HEADS.lasted, lastedOf)];
}

function lifeOf({ start, end, alive, boot }: Process, now: number): Life {
  const from = start === null ? null : boot.moment(start);
  if (alive) return { from, to: knownUntil(boot, now) };
  return { from, to: end === null ? null : boot.moment(end) };
}

/** Who lived when a recorder stopped has lived up to then, as far as is known. */
function knownUntil(boot: BootClock | PastBoot, now: number): number {
  return "known" in boot && !boot.reached ? Math.min(now, boot.moment(boot.known)) : now;
}

function barColumn(shown: readonly Process[], options: TimeOptions, width: number): Column {
  const { now, color, ascii } = options;
  const scale = scaleOf(shown, options);
  return {
    head: scaleLine(scale, options, width),
    width,
    cell(process) {
      const { from, to } = lifeOf(process, now);
      const failed = hasFailed(process);
      const bar = barCells(from, to, scale, width, { ascii, failed, goesOn: process.alive });
      const style: Style | null = failed ? "red" : process.alive ? "green" : null;
      return style === null ? bar : paint(bar, style, color);
    },
  };
}

function hasFailed({ status, alive }: Process): boolean {
  const { code, signal } = exitStatus(status);
  return !alive && (signal !== null || (code !== null && code !== 0));
}

/** What was asked for, else from the first beginning to the last end of those that count. */
function scaleOf(shown: readonly Process[], options: TimeOptions): Scale {
  const { counted, now, stretch } = options;
  let [first, last] = [Infinity, -Infinity];
  for (const process of shown) {
    if (counted !== null && !counted.has(process)) continue;
    const { from, to } = lifeOf(process, now);
    for (const moment of [from, to]) {
      if (moment === null) continue;
      first = Math.min(first, moment);
      last = Math.max(last, moment);
    }
  }
  const since = stretch.since ?? (first === Infinity ? now : first);
  const until = Math.min(stretch.until ?? Infinity, Math.max(last, since));
  return { since, until: Math.max(until, since + SCALE_MS_MIN) };
}

/** Times down to milliseconds make sense on shorter scales only. */
const FINE_MS = 600_000;

/** Where the scale begins, how long it is and where it ends, as far as there is room. */
function scaleLine({ since, until }: Scale, { timeOf }: TimeOptions, width: number): string {
  const isFine = until - since < FINE_MS;
  const [left, right] = [timeOf(since, isFine), timeOf(until, isFine)];
  const length = durationWords((until - since) * NS_PER_MS);
  const room = width - left.length - right.length;
  if (room >= length.length + 2) {
    const before = Math.floor((room - length.length) / 2);
    return left + " ".repeat(before) + length + " ".repeat(room - length.length - before) + right;
  }
  if (room >= 1) return left + " ".repeat(room) + right;
  return (width >= left.length ? left : length).slice(0, width).padEnd(width);
}
