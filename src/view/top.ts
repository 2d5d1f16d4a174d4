/**
 * Rows of `fh top` as text and as JSON.
 *
 * @module
 */
import type { Process } from "../model/process.ts";
import type { Column } from "../text/table.ts";
import { sizeWords } from "../text/words.ts";
import { TOP_COLUMNS, type TopColumn, type TopKey } from "../top/columns.ts";
import type { TopRow } from "../top/row.ts";
import { commandText } from "./line.ts";

/** A column of numbers: its heading, the cells that it takes, and what stands there. */
export interface NumberColumn {
  readonly head: string;
  readonly width: number;
  cell(row: TopRow): string;
}

/** The columns before the name. */
export const NUMBER_COLUMNS: Readonly<Record<Exclude<TopColumn, "name">, NumberColumn>> = {
  cpu: { head: "CPU%", width: 6, cell: ({ cpu }) => cpu.toFixed(1) },
  memory: { head: "MEMORY", width: 8, cell: ({ memory }) => sizeWords(memory) },
  living: { head: "LIVE", width: 5, cell: ({ living }) => String(living) },
  started: { head: "START/s", width: 7, cell: ({ started }) => rate(started) },
  failed: { head: "FAIL/s", width: 6, cell: ({ failed }) => rate(failed) },
  short: {
    head: "SHORT",
    width: 5,
    cell: ({ short }) => short === null ? "" : `${Math.round(short * 100)}%`,
  },
};

/** Names of those, as they stand from left to right. */
export const NUMBERS: readonly (keyof typeof NUMBER_COLUMNS)[] = TOP_COLUMNS
  .filter((name) => name !== "name");

/** What a row is called; `name` is that of a user. */
export type NameOf = (row: TopRow) => string;

/** A process as the name of a row: what it runs, as a command line. */
export function processText(process: Process | null): string {
  return process === null ? "?" : commandText(process.image);
}

/** The columns of one table. */
export function topTable(key: TopKey, nameOf: NameOf): Column<TopRow>[] {
  return [
    ...NUMBERS.map((name): Column<TopRow> => {
      const { head, cell } = NUMBER_COLUMNS[name];
      return [head, cell, true];
    }),
    ["PID", ({ process }) => process?.pid ?? "", true],
    [key.toUpperCase(), nameOf],
  ];
}

/** A row as JSON has it. */
export function topJson(row: TopRow, nameOf: NameOf): Readonly<Record<string, unknown>> {
  const { process, cpu, memory, living, started, failed, short, endedAt } = row;
  return {
    name: nameOf(row),
    id: process?.id ?? null,
    pid: process?.pid ?? null,
    cpu_percent: rounded(cpu),
    memory_bytes: memory,
    living,
    started_per_second: rounded(started),
    failed_per_second: rounded(failed),
    short_lived_share: short === null ? null : rounded(short),
    ended: endedAt !== null,
  };
}

const BARS = " ▁▂▃▄▅▆▇█";

/** Samples as `cells` bars of eighths, each the highest of several; the latest on the right. */
export function sparkline(minute: readonly number[], cells: number, samples: number): string {
  const most = Math.max(100, ...minute);
  let text = "";
  for (let cell = 0; cell < cells; cell++) {
    const missing = samples - minute.length;
    const from = Math.floor(cell * samples / cells) - missing;
    const to = Math.floor((cell + 1) * samples / cells) - missing;
    const part = minute.slice(Math.max(0, from), Math.max(0, to));
    const highest = Math.max(0, ...part);
    text += BARS[Math.min(8, Math.ceil(highest / most * 8))];
  }
  return text;
}

function rate(value: number): string {
  if (value === 0) return "0";
  return value < 10 ? value.toFixed(1) : String(Math.round(value));
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
