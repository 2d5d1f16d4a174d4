/**
 * What the host allows, as lines for people.
 *
 * @module
 */
import { paint, type Style } from "../text/style.ts";
import { wrap } from "../text/wrap.ts";

/** One fact. */
export interface DoctorRow {
  readonly name: string;
  readonly state: "ok" | "limited" | "missing";
  readonly found: string;
  readonly advice: string | null;
}

/** All facts, and what they come to. */
export interface DoctorReport {
  /** The source that is used; null when there is none. */
  readonly source: string | null;
  readonly why: string;
  readonly rows: readonly DoctorRow[];
  /** What is not seen; empty when everything is. */
  readonly limits: readonly string[];
}

const STATE_STYLE: Readonly<Record<DoctorRow["state"], Style>> = {
  ok: "green",
  limited: "yellow",
  missing: "red",
};
const STATE_WIDTH = "limited".length;
const GAP = "  ";
const ADVICE = "-> ";
/** Narrower than this, lines are left to the terminal to break. */
const TEXT_WIDTH_MIN = 24;

/** The report as lines of at most `columns` cells; the last ones sum it up. */
export function renderDoctor(report: DoctorReport, columns: number, color: boolean): string[] {
  const names = Math.max(...report.rows.map(({ name }) => name.length), 0);
  const indent = names + GAP.length + STATE_WIDTH + GAP.length;
  const width = Math.max(columns - indent, TEXT_WIDTH_MIN);
  const rows = report.rows.flatMap((row) => {
    const state = paint(row.state.padEnd(STATE_WIDTH), STATE_STYLE[row.state], color);
    const [first, ...rest] = rowText(row, width);
    const head = row.name.padEnd(names) + GAP + state + GAP + first;
    return [head, ...rest.map((line) => " ".repeat(indent) + line)];
  });
  const summary = paragraphs(report).flatMap((text) => wrap(text, Math.max(columns, indent)));
  return [...rows, "", ...summary];
}

function rowText({ found, advice }: DoctorRow, width: number): string[] {
  if (advice === null) return wrap(found, width);
  const lines = wrap(advice, width - ADVICE.length).map((line, index) => {
    return (index === 0 ? ADVICE : " ".repeat(ADVICE.length)) + line;
  });
  return [...wrap(found, width), ...lines];
}

function paragraphs({ source, why, limits }: DoctorReport): string[] {
  if (source === null) return [`fh watch does not work: ${why}`];
  const verdict = limits.length === 0
    ? "fh watch sees everything"
    : `fh watch is limited: ${limits.join("; ")}`;
  return [`source ${source}: ${why}`, verdict];
}
