/**
 * Rows as PostgreSQL's COPY reads them, in its text format.
 *
 * @module
 */

/** A value of a column. */
export type CopyValue = string | number | null | Uint8Array;

const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

/** One row, with its newline. */
export function copyLine(values: readonly CopyValue[]): string {
  return `${values.map(valueText).join("\t")}\n`;
}

function valueText(value: CopyValue): string {
  if (value === null) return "\\N";
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return value.replace(/[\\\n\r\t]/g, (one) => ESCAPES[one]!);
  return `\\\\x${Buffer.from(value.buffer, value.byteOffset, value.length).toString("hex")}`;
}
