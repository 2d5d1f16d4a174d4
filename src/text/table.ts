/**
 * Tables for people: columns as wide as their widest cell, rows that fit a terminal.
 *
 * @module
 */
import { displayWidth, escapeText, fitWidth } from "./escape.ts";
import { fitMiddle } from "./middle.ts";

/**
 * A column: its name, its cells, whether they are numbers, which are padded on the left, and
 * whether it can be spared where a terminal is narrow: the lowest of these numbers goes first.
 */
export type Column<Row> = readonly [
  name: string,
  cell: (row: Row) => unknown,
  isNumber?: boolean,
  spare?: number | undefined,
];

/** How a table is drawn. */
export interface TableStyle {
  /** Paints the heading. */
  head(text: string): string;
  /** Cells of a line; Infinity where lines need not be cut. */
  readonly width: number;
}

/** As in a file: whole, and without colours. */
export const PLAIN_TABLE: TableStyle = { head: (text) => text, width: Infinity };

/** Rows between two pauses. */
const STEP_ROWS = 1000;
/** The last column is not to have less, as long as another can be spared. */
const LAST_CELLS = 16;
const SPACE = "  ";
/** A column that has only these makes way before any other. */
const NOTHING: ReadonlySet<string> = new Set(["", "-", "0", "0 B", "0us"]);
const IDLE = -1;

/** A heading, and a line for each row; texts in cells are escaped. */
export function table<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  style: TableStyle,
): string[] {
  const steps = tableSteps(rows, columns, style);
  while (true) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** {@linkcode table} with pauses, for as many rows as others like. */
export function* tableSteps<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  { head, width }: TableStyle,
): Generator<void, string[]> {
  const names = columns.map(([name]) => name);
  const widths = names.map((name) => name.length);
  const cells: string[][] = [];
  for (const row of rows) {
    const texts = columns.map(([, cell]) => escapeText(String(cell(row))));
    texts.forEach((text, at) => widths[at] = Math.max(widths[at]!, displayWidth(text)));
    if (cells.push(texts) % STEP_ROWS === 0) yield;
  }
  const spares = columns.map(([, , , spare], at) => isIdle(cells, at) ? IDLE : spare);
  const shown = columnsFor(width, widths, spares, SPACE.length);
  const line = (texts: readonly string[]) => {
    const padded = shown.map((at) => {
      const text = texts[at]!;
      const space = " ".repeat(widths[at]! - displayWidth(text));
      return columns[at]![2] ? space + text : text + space;
    });
    const last = padded.pop()!.trimEnd();
    const before = padded.map((text) => text + SPACE).join("");
    const left = width - displayWidth(before);
    // The end of what stands last, a command line most often, tells one from another.
    return left > 0 ? (before + fitMiddle(last, left)).trimEnd() : fitWidth(before, width);
  };
  const lines = [head(line(names))];
  for (const texts of cells) if (lines.push(line(texts)) % STEP_ROWS === 0) yield;
  return lines;
}

/** Whether a column says of several rows alike that there is nothing. */
function isIdle(cells: readonly (readonly string[])[], at: number): boolean {
  const nothing = cells[0]?.[at] ?? "";
  if (cells.length < 2 || !NOTHING.has(nothing)) return false;
  return at < cells[0]!.length - 1 && cells.every((texts) => texts[at] === nothing);
}

/**
 * Which columns a line of `width` cells has room for, by number, `space` cells between them: those
 * that can be spared make way for the last one.
 */
export function columnsFor(
  width: number,
  widths: readonly number[],
  spares: readonly (number | undefined)[],
  space: number,
): number[] {
  let shown = widths.map((_, at) => at);
  const last = widths.length - 1;
  const cells = (at: number) => at === last ? Math.min(LAST_CELLS, widths[at]!) : widths[at]!;
  const spared = shown.filter((at) => spares[at] !== undefined)
    .sort((a, b) => spares[a]! - spares[b]!);
  for (const next of spared) {
    if (shown.reduce((sum, at) => sum + cells(at) + space, -space) <= width) break;
    shown = shown.filter((at) => at !== next);
  }
  return shown;
}
