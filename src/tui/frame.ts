/**
 * The screen of `fh top`, as lines.
 *
 * @module
 */
import { displayWidth, escapeText, fitWidth } from "../text/escape.ts";
import { paint } from "../text/style.ts";
import { windowAround } from "../term/live.ts";
import { TOP_KEYS, type TopColumn } from "../top/columns.ts";
import type { PlacedRow } from "../top/order.ts";
import { SAMPLES, type TopRow } from "../top/row.ts";
import { NUMBER_COLUMNS, NUMBERS, sparkline } from "../view/top.ts";
import { selectedAt, type Shown, type TopState } from "./state.ts";

/** What is drawn beside the state. */
export interface FrameWorld {
  readonly rows: readonly PlacedRow[];
  readonly columns: number;
  /** Lines of the terminal. */
  readonly height: number;
  readonly color: boolean;
  nameOf(row: TopRow): string;
  /** What is not known, and where the figures come from. */
  readonly status: string;
}

/** A screen, and what stands where on it. */
export interface Frame extends Shown {
  readonly lines: readonly string[];
}

/** What keys do, for `?`. */
export const HELP_LINES: readonly string[] = [
  "Tab, 1 to 6     rows by subtree, command, user, unit, container, job",
  "< >             sort by the column to the left or right; r the other way round",
  "/               filter by name and command line; Escape shows all again",
  "arrows, PgUp, PgDn, Home, End, wheel    select",
  "Right, +        show what is below a subtree; Left, - hide it",
  "Enter           who started it (fh why)",
  "k               send a signal to the process with that PID, after a question",
  "f               freeze the screen, or go on",
  "click           select a row, or sort by a heading",
  "q, Ctrl-C       quit",
  "",
  "CPU% 100 is one CPU. MEMORY counts shared pages for each process. SHORT is the",
  "share of those that ended which had lived less than a second. A row without an",
  "end of its own shows its busiest process as PID. What ended is dim for 10 s.",
];

const PID_WIDTH = 7;
const SPARK_WIDTH = 10;
/** Columns that make way for the name on a narrow screen, the first first. */
const SPARED = ["minute", "short", "failed", "started", "memory"];
const NAME_MIN = 16;
/** A title above, a heading; a line for status below. */
const AROUND = 3;

interface Cell {
  readonly name: string;
  readonly head: string;
  readonly width: number;
  text(row: TopRow): string;
}

/** Draws it. */
export function drawTop(state: TopState, world: FrameWorld): Frame {
  const { rows, columns, height } = world;
  const room = Math.max(1, height - AROUND);
  const cells = cellsFor(columns);
  const at = selectedAt(state, rows);
  const { start, end } = windowAround(rows.length, room, at);
  const lines = state.mode === "text"
    ? state.lines.slice(state.top, state.top + room).map((line) => fitWidth(line, columns))
    : [
      heading(state, cells, world),
      ...rows.slice(start, end).map((placed, index) =>
        drawRow(placed, start + index === at, cells, world)
      ),
    ];
  while (lines.length < height - 2) lines.push("");
  return {
    lines: [title(state, world), ...lines, bottom(state, world)].slice(0, height),
    rows,
    room,
    rowAt: (y) => state.mode === "text" ? null : rows[start + y - 2]?.row.group ?? null,
    columnAt: (x, y) => y === 1 && state.mode !== "text" ? columnAt(cells, x) : null,
  };
}

function cellsFor(columns: number): Cell[] {
  let cells: Cell[] = NUMBERS.map((name): Cell => {
    const { head, width, cell } = NUMBER_COLUMNS[name];
    return { name, head, width, text: cell };
  });
  const bars = (row: TopRow) => sparkline(row.minute, SPARK_WIDTH, SAMPLES);
  cells.push({ name: "minute", head: "LAST 60", width: SPARK_WIDTH, text: bars });
  const pid = (row: TopRow) => String(row.process?.pid ?? "");
  cells.push({ name: "pid", head: "PID", width: PID_WIDTH, text: pid });
  for (const name of SPARED) {
    if (widthOf(cells) + NAME_MIN <= columns) break;
    cells = cells.filter((cell) => cell.name !== name);
  }
  return cells;
}

function widthOf(cells: readonly Cell[]): number {
  return cells.reduce((sum, { width }) => sum + width + 1, 0);
}

function columnAt(cells: readonly Cell[], x: number): TopColumn | null {
  let end = 0;
  for (const { name, width } of cells) {
    end += width + 1;
    if (x < end) return name in NUMBER_COLUMNS ? name as TopColumn : null;
  }
  return "name";
}

function title({ key, isFrozen, filter, mode }: TopState, { columns, color }: FrameWorld): string {
  const keys = TOP_KEYS.map((name, at) =>
    name === key ? `[${at + 1} ${name}]` : `${at + 1} ${name}`
  );
  const words = [`fh top  ${keys.join("  ")}`];
  if (isFrozen) words.push("frozen");
  if (filter !== "" || mode === "filter") words.push(`/${escapeText(filter)}`);
  return paint(fitWidth(words.join("  "), columns), "bold", color);
}

function heading(state: TopState, cells: readonly Cell[], { columns, color }: FrameWorld): string {
  const mark = state.isReversed ? "^" : "v";
  const parts = cells.map(({ name, head, width }) =>
    fitWidth(name === state.sort ? `${mark}${head}` : head, width).padStart(width)
  );
  const name = state.key.toUpperCase();
  parts.push(state.sort === "name" ? `${mark}${name}` : name);
  return paint(fitWidth(parts.join(" "), columns), "bold", color);
}

/** The selected one has a mark, for terminals without colours. */
function drawRow(
  { row, depth, hasMore }: PlacedRow,
  isSelected: boolean,
  cells: readonly Cell[],
  { columns, color, nameOf }: FrameWorld,
): string {
  const numbers = cells.map(({ width, text }) => fitWidth(text(row), width).padStart(width));
  const indent = "  ".repeat(Math.min(depth, NAME_MIN)) + (hasMore ? "+ " : "");
  const mark = isSelected ? "> " : "";
  const name = `${mark}${indent}${escapeText(nameOf(row))}`;
  const line = fitWidth(`${numbers.join(" ")} ${name}`, columns);
  if (isSelected) return paint(line + " ".repeat(columns - displayWidth(line)), "bold", color);
  return row.endedAt === null ? line : paint(line, "dim", color);
}

function bottom(state: TopState, { columns, color, status }: FrameWorld): string {
  const pid = state.target?.pid;
  const texts: Readonly<Record<TopState["mode"], string>> = {
    rows: state.message !== "" ? state.message : `${status}; ? helps, q quits`,
    filter: `Filter: ${state.filter}_  (Enter keeps it, Escape shows all)`,
    signal: `Signal to ${state.target?.image.comm ?? "?"} (${pid}) [TERM]: ${state.input}_`,
    confirm: `Send ${state.input} to ${state.target?.image.comm ?? "?"} (${pid})? y or n`,
    text: "Escape goes back",
  };
  const isAsking = state.mode !== "rows" && state.mode !== "text";
  const line = fitWidth(escapeText(texts[state.mode]), columns);
  return paint(line, isAsking || state.message !== "" ? "bold" : "dim", color);
}
