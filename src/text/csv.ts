/**
 * Tables as CSV (RFC 4180), which spreadsheets and programs read.
 *
 * @module
 */

/** The cells of a line by the names of their columns, in order. */
type Fields = readonly (readonly [name: string, value: unknown])[];

/** The heading of CSV: the names of the fields. */
export function csvHead(fields: Fields): string {
  return `${fields.map(([name]) => name).join(",")}\r\n`;
}

/**
 * What makes a spreadsheet take a cell for a formula:
 * https://owasp.org/www-community/attacks/CSV_Injection
 */
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/** What ends a cell: here, or where a semicolon or a tab does. */
const SEPARATOR = /[",;\t\r\n]/;

/**
 * A line of CSV (RFC 4180), its end included; null is an empty field, a list has `+` between. A
 * text that a spreadsheet would take for a formula gets a `'` in front; numbers stay numbers.
 */
export function csvLine(fields: Fields, escape: (text: string) => string): string {
  const cells = fields.map(([, value]) => {
    const raw = Array.isArray(value) ? value.join("+") : String(value ?? "");
    const isFormula = typeof value === "string" && FORMULA.test(raw);
    const text = escape(isFormula ? `'${raw}` : raw);
    return SEPARATOR.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  });
  return `${cells.join(",")}\r\n`;
}

/** A heading of all names that the rows have, in the order in which they are met, and the rows. */
export function* csvTable(
  rows: readonly Readonly<Record<string, unknown>>[],
  escape: (text: string) => string,
): Generator<string, void> {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const fields = (row: Readonly<Record<string, unknown>>) =>
    names.map((name) => [name, row[name]] as const);
  yield csvHead(fields({}));
  for (const row of rows) yield csvLine(fields(row), escape);
}
