/**
 * Tables for people: columns as wide as their widest cell.
 *
 * @module
 */
import { displayWidth, escapeText } from "./escape.ts";

/** A column: its name, which is padded on the left where numbers stand in it. */
export type Column<Row> = readonly [name: string, cell: (row: Row) => unknown, isNumber?: true];

/** Rows between two pauses. */
const STEP_ROWS = 1000;

/** A heading that `head` paints, and a line for each row; texts in cells are escaped. */
export function table<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  head: (text: string) => string,
): string[] {
  const steps = tableSteps(rows, columns, head);
  while (true) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** {@linkcode table} with pauses, for as many rows as others like. */
export function* tableSteps<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  head: (text: string) => string,
): Generator<void, string[]> {
  const names = columns.map(([name]) => name);
  const widths = names.map((name) => name.length);
  const cells: string[][] = [];
  for (const row of rows) {
    const texts = columns.map(([, cell]) => escapeText(String(cell(row))));
    texts.forEach((text, at) => widths[at] = Math.max(widths[at]!, displayWidth(text)));
    if (cells.push(texts) % STEP_ROWS === 0) yield;
  }
  const line = (texts: readonly string[]) => {
    const padded = texts.map((text, at) => {
      const space = " ".repeat(widths[at]! - displayWidth(text));
      return columns[at]![2] ? space + text : text + space;
    });
    return padded.join("  ").trimEnd();
  };
  const lines = [head(line(names))];
  for (const texts of cells) if (lines.push(line(texts)) % STEP_ROWS === 0) yield;
  return lines;
}
