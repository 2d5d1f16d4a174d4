/**
 * Tables for people: columns as wide as their widest cell, rows that fit a terminal.
 *
 * @module
 */
import { displayWidth, escapeText, fitWidth } from "./escape.ts";

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
  /** Cuts what stands in the last column where a line is too wide; at its end unless given. */
  fit?(text: string, cells: number): string;
}

/** As in a file: whole, and without colours. */
export const PLAIN_TABLE: TableStyle = { head: (text) => text, width: Infinity };

/** Rows between two pauses. */
const STEP_ROWS = 1000;
/** The last column is not to have less, as long as another can be spared. */
const LAST_CELLS = 16;
const SPACE = "  ";

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
  { head, width, fit = fitWidth }: TableStyle,
): Generator<void, string[]> {
  const names = columns.map(([name]) => name);
  const widths = names.map((name) => name.length);
  const cells: string[][] = [];
  for (const row of rows) {
    const texts = columns.map(([, cell]) => escapeText(String(cell(row))));
    texts.forEach((text, at) => widths[at] = Math.max(widths[at]!, displayWidth(text)));
    if (cells.push(texts) % STEP_ROWS === 0) yield;
  }
  const shown = columnsFor(width, widths, columns.map(([, , , spare]) => spare), SPACE.length);
  const last = columns.length - 1;
  const before = shown.reduce((sum, at) => at === last ? sum : sum + widths[at]! + SPACE.length, 0);
  const line = (texts: readonly string[]) => {
    const padded = shown.map((at) => {
      const text = texts[at]!;
      if (at === last && !columns[at]![2]) return fit(text, Math.max(0, width - before));
      const space = " ".repeat(widths[at]! - displayWidth(text));
      return columns[at]![2] ? space + text : text + space;
    });
    return fitWidth(padded.join(SPACE).trimEnd(), width);
  };
  const lines = [head(line(names))];
  for (const texts of cells) if (lines.push(line(texts)) % STEP_ROWS === 0) yield;
  return lines;
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
