/**
 * Tables for people: columns as wide as their widest cell.
 *
 * @module
 */
import { displayWidth, escapeText } from "./escape.ts";

/** A column: its name, which is padded on the left where numbers stand in it. */
export type Column<Row> = readonly [name: string, cell: (row: Row) => unknown, isNumber?: true];

/** A heading that `head` paints, and a line for each row; texts in cells are escaped. */
export function table<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  head: (text: string) => string,
): string[] {
  const names = columns.map(([name]) => name);
  const cells = rows.map((row) => columns.map(([, cell]) => escapeText(String(cell(row)))));
  const widths = names.map((name) => name.length);
  for (const line of cells) {
    line.forEach((text, at) => widths[at] = Math.max(widths[at]!, displayWidth(text)));
  }
  const line = (texts: readonly string[]) => {
    const padded = texts.map((text, at) => {
      const space = " ".repeat(widths[at]! - displayWidth(text));
      return columns[at]![2] ? space + text : text + space;
    });
    return padded.join("  ").trimEnd();
  };
  return [head(line(names)), ...cells.map(line)];
}
