/**
 * Tables and numbers as people read them.
 *
 * @module
 */

/** A Markdown table whose columns are aligned in the source too; `|` in cells is escaped. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const cells = [header, ...rows].map((row) => row.map((cell) => cell.replaceAll("|", "\\|")));
  const widths = header.map((_, column) =>
    Math.max(3, ...cells.map((row) => (row[column] ?? "").length))
  );
  const line = (row: readonly string[]) =>
    `| ${widths.map((width, column) => (row[column] ?? "").padEnd(width)).join(" | ")} |`;
  const [first = [], ...rest] = cells;
  return [line(first), line(widths.map((width) => "-".repeat(width))), ...rest.map(line)];
}

/** `0.236` with `digits` significant digits, "–" when it is not known. */
export function number(value: number | null, digits = 3): string {
  if (value === null || !Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  return Math.abs(value) >= 10 ** (digits - 1)
    ? Math.round(value).toLocaleString("en-US").replaceAll(",", " ")
    : Number(value.toPrecision(digits)).toString();
}

/** `3 999 of 4 000`. */
export function share(part: number | null, whole: number): string {
  return part === null ? "–" : `${number(part, 1)} of ${number(whole, 1)}`;
}

/** `0.24 s`, from microseconds. */
export function seconds(us: number | null): string {
  return us === null || !Number.isFinite(us) ? "–" : `${number(us / 1e6)} s`;
}

/** `45 MB`, from bytes. */
export function megabytes(bytes: number | null): string {
  return bytes === null || !Number.isFinite(bytes) ? "–" : `${number(bytes / 1e6)} MB`;
}
