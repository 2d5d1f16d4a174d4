/**
 * Rows of `fh top` over the hosts of a fleet, as text and as JSON.
 *
 * @module
 */
import type { Column } from "../text/table.ts";
import { durationWords } from "../text/words.ts";

/** A row with its figures; null: not known. */
export interface FleetRow {
  readonly name: string;
  /** Percent of a CPU, of what has ended. */
  readonly cpu: number | null;
  readonly living: number | null;
  /** A second. */
  readonly started: number | null;
  readonly failed: number | null;
  /** Share of those that ended which had lived less than a second; null where none has ended. */
  readonly short: number | null;
  /** Of a host: for how long nothing is known of it, nanoseconds. */
  readonly lagNs: number | null;
}

/** The columns of a table of rows by `key`. */
export function fleetTable(key: string): Column<FleetRow>[] {
  return [
    ["CPU%", ({ cpu }) => cpu === null ? "?" : cpu.toFixed(1), true],
    ["LIVE", ({ living }) => living ?? "?", true],
    ["START/s", ({ started }) => rate(started), true],
    ["FAIL/s", ({ failed }) => rate(failed), true],
    ["SHORT", ({ short }) => short === null ? "" : `${Math.round(short * 100)}%`, true],
    ...key === "host" ? [LAG] : [],
    [key.toUpperCase(), ({ name }) => name],
  ];
}

const LAG: Column<FleetRow> = [
  "LAG",
  ({ lagNs }) => lagNs === null ? "?" : durationWords(lagNs),
  true,
];

/** A row as JSON has it: as of one host, with what is not known of many. */
export function fleetTopJson(
  key: string,
  row: FleetRow,
): Readonly<Record<string, unknown>> {
  const { name, cpu, living, started, failed, short, lagNs } = row;
  return {
    name,
    ...key === "host" ? { host: name } : {},
    ...{ id: null, pid: null },
    cpu_percent: rounded(cpu),
    memory_bytes: null,
    living,
    started_per_second: rounded(started),
    failed_per_second: rounded(failed),
    short_lived_share: rounded(short),
    ended: false,
    ...key === "host" ? { lag_ns: lagNs } : {},
  };
}

function rate(value: number | null): string {
  if (value === null) return "?";
  if (value === 0) return "0";
  return value < 10 ? value.toFixed(1) : String(Math.round(value));
}

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value * 1000) / 1000;
}
