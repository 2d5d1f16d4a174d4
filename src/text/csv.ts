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

/**
 * A line of CSV (RFC 4180), its end included; null is an empty field, a list has `+` between. A
 * text that a spreadsheet would take for a formula gets a `'` in front; numbers stay numbers.
 */
export function csvLine(fields: Fields, escape: (text: string) => string): string {
  const cells = fields.map(([, value]) => {
    const raw = Array.isArray(value) ? value.join("+") : String(value ?? "");
    const isFormula = typeof value === "string" && FORMULA.test(raw);
    const text = escape(isFormula ? `'${raw}` : raw);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  });
  return `${cells.join(",")}\r\n`;
}
