/**
 * A tree of processes as lines for people, one process a line.
 *
 * @module
 */
import { exitStatus, type Process } from "../model/process.ts";
import type { TreeNode } from "../model/tree.ts";
import type { Users } from "../proc/passwd.ts";
import { displayWidth, escapeText, fitWidth } from "../text/escape.ts";
import { fitMiddle } from "../text/middle.ts";
import { paint, type Style } from "../text/style.ts";
import { durationWords, exitWords } from "../text/words.ts";
import { commandText } from "./line.ts";
import type { TreeColumns } from "./tree_times.ts";

/** How a tree is drawn. */
export interface TreeStyle {
  readonly users: Users;
  /** Cells of a line; Infinity where lines need not be cut. */
  readonly width: number;
  readonly color: boolean;
  /** The terminal shows ASCII alone. */
  readonly ascii: boolean;
  /** The process that was asked for; null when none was. */
  readonly focus: Process | null;
  /** What stands in front of each line. */
  readonly columns?: TreeColumns | null;
  /** Processes that stand out because something was looked for. */
  readonly matched?: ReadonlySet<Process>;
  /** pid of the process that took over an orphan; null when its parent lives. */
  reaperOf(process: Process): number | null;
}

/** What a line shows. */
export interface TreeRow {
  readonly node: TreeNode;
  /** The branches in front of it. */
  readonly prefix: string;
  /** It, or something above it, stands for several processes. */
  readonly folded: boolean;
}

const BRANCHES = {
  utf8: { child: "├─ ", last: "└─ ", pass: "│  ", blank: "   ", cut: "…" },
  ascii: { child: "|- ", last: "`- ", pass: "|  ", blank: "   ", cut: "~" },
} as const;
const BRANCH_CELLS = 3;
/** Branches drawn on a line that need not be cut: a chain can have as many as there are pids. */
const BRANCHES_MAX = 100;
/** Room for the number of those that are not drawn, in branches. */
const MARK_BRANCHES = 3;
/** A note must leave so much of the command. */
const COMMAND_CELLS_MIN = 12;

/** The lines of trees, top down, below what columns are called. */
export function* renderTree(roots: readonly TreeNode[], style: TreeStyle): Generator<string> {
  const heading = treeHeading(style);
  if (heading !== null) yield heading;
  for (const row of rowsOf(roots, style)) yield drawRow(row, style);
}

/** What stands above the lines; null where there are no columns. */
export function treeHeading({ columns, width, color }: TreeStyle): string | null {
  if (columns === null || columns === undefined) return null;
  return paint(fitWidth(columns.head, width), "bold", color);
}

interface Frame {
  readonly node: TreeNode;
  readonly depth: number;
  /** The branches that pass by its children, the nearest ones when there are many. */
  readonly passing: string;
  readonly prefix: string;
  readonly folded: boolean;
}

/** Lays trees out. Where branches would take more than half of a line, the outer ones are cut. */
export function treeRows(
  roots: readonly TreeNode[],
  style: Pick<TreeStyle, "width" | "ascii" | "columns">,
): TreeRow[] {
  return [...rowsOf(roots, style)];
}

function* rowsOf(
  roots: readonly TreeNode[],
  style: Pick<TreeStyle, "width" | "ascii" | "columns">,
): Generator<TreeRow> {
  const signs = style.ascii ? BRANCHES.ascii : BRANCHES.utf8;
  const cells = style.width - (style.columns?.width ?? 0);
  const room = Math.floor(cells / 2 / BRANCH_CELLS);
  const most = Math.min(BRANCHES_MAX, Math.max(MARK_BRANCHES + 1, room));
  const stack: Frame[] = [];
  const push = (nodes: readonly TreeNode[], above: Frame | null) => {
    for (let i = nodes.length - 1; i >= 0; i--) {
      stack.push(createFrame(nodes[i]!, above, i === nodes.length - 1, most, signs));
    }
  };
  push(roots, null);
  for (let frame = stack.pop(); frame !== undefined; frame = stack.pop()) {
    yield frame;
    push(frame.node.children, frame);
  }
}

function createFrame(
  node: TreeNode,
  above: Frame | null,
  last: boolean,
  most: number,
  signs: typeof BRANCHES["utf8" | "ascii"],
): Frame {
  if (above === null) {
    const { host } = node.process.boot;
    const prefix = host == null ? "" : `${escapeText(host)}: `;
    return { node, depth: 0, passing: "", prefix, folded: node.count > 1 };
  }
  const tail = last ? signs.blank : signs.pass;
  const room = (most - 1) * BRANCH_CELLS;
  return {
    node,
    depth: above.depth + 1,
    passing: (above.passing + tail).slice(-room),
    prefix: passingText(above, most, signs.cut) + (last ? signs.last : signs.child),
    folded: above.folded || node.count > 1,
  };
}

/** The branches that pass by the children of `above`: all, or how many are cut and the nearest. */
function passingText({ depth, passing }: Frame, most: number, cut: string): string {
  if (depth < most) return passing;
  const shown = most - 1 - MARK_BRANCHES;
  const mark = `${cut}${depth - shown}`.padEnd(MARK_BRANCHES * BRANCH_CELLS);
  return mark + passing.slice(passing.length - shown * BRANCH_CELLS);
}

type Part = readonly [text: string, style: Style | null];

/** One line, cut to the width, the command before what is noted behind it. */
export function drawRow(row: TreeRow, style: TreeStyle): string {
  const { node, folded } = row;
  const { process } = node;
  const { columns } = style;
  const whole = style.width - (columns?.width ?? 0);
  // Every branch sign takes one cell.
  const prefix = row.prefix.slice(0, whole);
  const width = whole - prefix.length;
  const base = baseStyle(process, style);
  const user = userText(node, style.users);
  const pid = folded ? "" : `${process.pid} `;
  const name = user === "" ? "" : `(${user}) `;
  const command = folded ? foldedText(node) : commandText(process.image);
  const note = noteText(node, style);
  const left = width - pid.length - displayWidth(name);
  const room = left - displayWidth(note);
  const enough = room >= Math.min(COMMAND_CELLS_MIN, displayWidth(command));
  const parts: Part[] = [
    [pid, base],
    [name, process.alive ? "yellow" : base],
    [fitMiddle(command, enough ? room : left), base],
    [enough ? note : "", "dim"],
  ];
  return (columns?.cells(process) ?? "") + prefix + fitParts(parts, width, style);
}

function baseStyle(process: Process, { focus, matched }: TreeStyle): Style | null {
  if (process === focus || matched?.has(process)) return "bold";
  return process.alive ? null : "dim";
}

function fitParts(parts: readonly Part[], width: number, { color, ascii }: TreeStyle): string {
  let line = "";
  let left = width;
  for (const [text, style] of parts) {
    if (text === "") continue;
    const fitted = fitWidth(text, left);
    left -= displayWidth(fitted);
    const shown = ascii ? toAscii(fitted) : fitted;
    line += style === null ? shown : paint(shown, style, color);
    if (fitted !== text) break;
  }
  return line;
}

function toAscii(text: string): string {
  return text.replaceAll("…", BRANCHES.ascii.cut).replace(/[^\x20-\x7e]/gu, "?");
}

/** The user where it is another than the parent's; at the top, where it is not root. */
function userText({ process, parent }: TreeNode, users: Users): string {
  const { uid } = process;
  const before = parent?.process.uid ?? process.parent?.uid ?? 0;
  return uid === null || uid === before ? "" : escapeText(users.name(uid) ?? String(uid));
}

function foldedText({ process, count }: TreeNode): string {
  const command = commandText(process.image);
  const inBrackets = process.image.argv === null ? command : `[${command}]`;
  return count > 1 ? `${count}*${inBrackets}` : inBrackets;
}

function noteText(node: TreeNode, style: TreeStyle): string {
  const { process, parent, hidden } = node;
  const notes: string[] = [];
  const isShown = style.columns?.showEnded === true && process.status === 0;
  if (!process.alive && !isShown) notes.push(endText(node, Boolean(style.columns)));
  const reaper = style.reaperOf(process);
  if (reaper !== null && parent?.process.pid !== reaper) {
    notes.push(`adopted by ${reaper}`);
  }
  const forgotten = process.parent === null && process.ppid !== null && parent !== null;
  if (forgotten && parent.process.pid !== process.ppid) notes.push(`forked by ${process.ppid}`);
  if (hidden > 0) notes.push(`${hidden} more below`);
  return notes.length === 0 ? "" : `  # ${notes.join("; ")}`;
}

/**
 * How it ended, and how long it lived where no column shows that; what ended at a time unknown is
 * still there: a zombie.
 */
function endText({ process, count }: TreeNode, isTimed: boolean): string {
  const { status, end, durationNs, state } = process;
  if (state === "unknown") return "ended unseen";
  const words = exitWords(exitStatus(status));
  if (end === null) return status === null ? "zombie" : `zombie, ${words}`;
  return isTimed || count > 1 || durationNs === null
    ? words
    : `${words}, ${durationWords(durationNs)}`;
}
