/**
 * Accounting records, job files and per-job accounts: columns, NDJSON, CSV and ELSA's lines.
 *
 * @module
 */
import type { AcctTotals } from "../acct/totals.ts";
import { exitStatus } from "../model/process.ts";
import { displayWidth, escapeText, fitWidth } from "../text/escape.ts";
import { jsonText } from "../text/json_text.ts";
import { type Column, columnsFor, tableSteps, type TableStyle } from "../text/table.ts";
import { durationWords, exitWords, signalName } from "../text/words.ts";

const NS_PER_CS = 10_000_000;

/** Value of a field; a bigint is a number that may be too large for JSON.parse() to keep exact. */
export type FieldValue = string | number | bigint | boolean | null | readonly (string | object)[];
/** The fields of one line of JSON or CSV. */
export type Fields = readonly (readonly [name: string, value: FieldValue])[];

/** An accounting record with its names; times in hundredths of a second. */
export interface RecordRow {
  readonly version: number;
  readonly flags: number;
  readonly waitStatus: number;
  readonly uid: number;
  readonly gid: number;
  readonly pid: number | null;
  readonly ppid: number | null;
  /** Seconds since the epoch. */
  readonly startS: number;
  readonly elapsedCs: number | null;
  readonly userCs: number;
  readonly systemCs: number;
  readonly memKib: number;
  readonly io: number;
  readonly rw: number;
  readonly minorFaults: number;
  readonly majorFaults: number;
  readonly swaps: number;
}

/** Bits of `ac_flag`: bit, letter for people (as sa and lastcomm have it), word for JSON. */
const FLAGS: readonly (readonly [bit: number, letter: string, word: string])[] = [
  [0x02, "S", "su"],
  [0x01, "F", "fork"],
  [0x04, "C", "compat"],
  [0x08, "D", "core"],
  [0x10, "X", "signal"],
];

/**
 * Names of the columns of {@linkcode recordLine}, their widths, and what of them can be spared as
 * in {@linkcode Column}; the last has any width.
 */
const RECORD_COLUMNS: readonly (readonly [
  name: string,
  width: number,
  isNumber?: boolean,
  spare?: number,
])[] = [
  ["START", 19],
  ["ELAPSED", 7, true],
  ["UTIME", 6, true],
  ["STIME", 6, true],
  ["MINFLT", 8, true, 2],
  ["MAJFLT", 7, true, 1],
  ["PID", 7, true],
  ["PPID", 7, true, 3],
  ["FLAGS", 5, false, 4],
  ["EXIT", 14],
  ["USER", 8],
  ["COMMAND", 16],
];
const RECORD_WIDTHS = RECORD_COLUMNS.map(([, width]) => width);
const RECORD_SPARES = RECORD_COLUMNS.map(([, , , spare]) => spare);

/** The heading of {@linkcode recordLine}s. */
export function recordHead(width: number): string {
  return recordCells(RECORD_COLUMNS.map(([name]) => name), width);
}

/**
 * A record for people in `width` cells, Infinity where it needs not be cut; `start` is its start as
 * a local time, 19 cells long.
 */
export function recordLine(
  row: RecordRow,
  comm: string,
  user: string | null,
  start: string,
  width: number,
): string {
  const letters = FLAGS.filter(([bit]) => (row.flags & bit) !== 0).map(([, letter]) => letter);
  return recordCells([
    start,
    row.elapsedCs === null ? "?" : words(row.elapsedCs),
    words(row.userCs),
    words(row.systemCs),
    String(row.minorFaults),
    String(row.majorFaults),
    String(row.pid ?? "-"),
    String(row.ppid ?? "-"),
    letters.join(""),
    exitWords(exitStatus(row.waitStatus)),
    escapeText(user ?? String(row.uid)),
    escapeText(comm),
  ], width);
}

function recordCells(texts: readonly string[], width: number): string {
  const cells = columnsFor(width, RECORD_WIDTHS, RECORD_SPARES, 1).map((at) => {
    const [, cells, isNumber] = RECORD_COLUMNS[at]!;
    return pad(texts[at]!, cells, isNumber);
  });
  return fitWidth(cells.join(" ").trimEnd(), width);
}

/** A record for scripts. */
export function recordFields(row: RecordRow, comm: string, user: string | null): Fields {
  const { code, signal, core } = exitStatus(row.waitStatus);
  return [
    ["comm", comm],
    ["pid", row.pid],
    ["ppid", row.ppid],
    ["uid", row.uid],
    ["user", user],
    ["gid", row.gid],
    ["started", new Date(row.startS * 1000).toISOString().replace(".000Z", "Z")],
    ["elapsed_ns", row.elapsedCs === null ? null : nanoseconds(row.elapsedCs)],
    ["user_ns", nanoseconds(row.userCs)],
    ["system_ns", nanoseconds(row.systemCs)],
    ["minor_faults", row.minorFaults],
    ["major_faults", row.majorFaults],
    ["swaps", row.swaps],
    ["memory_kib", row.memKib],
    ["io", row.io],
    ["rw", row.rw],
    ["exit_code", code],
    ["signal", signal === null ? null : signalName(signal)],
    ["core", core],
    ["flags", FLAGS.filter(([bit]) => (row.flags & bit) !== 0).map(([, , word]) => word)],
    ["version", row.version],
  ];
}

/** A member of a job, as a job file has it. */
export interface MemberRow {
  readonly job: number;
  readonly name: string | null;
  readonly pid: number;
  readonly id: string | null;
  readonly started: string | null;
  readonly ended: string | null;
}

/** A member for scripts. */
export function memberFields({ job, name, pid, id, started, ended }: MemberRow): Fields {
  return [
    ["job", job],
    ["name", name],
    ["pid", pid],
    ["id", id],
    ["started", started],
    ["ended", ended],
  ];
}

/** Members as a table; pauses now and then. */
export function renderMembers(
  rows: readonly MemberRow[],
  style: TableStyle,
): Generator<void, string[]> {
  const columns: Column<MemberRow>[] = [
    ["JOB", ({ job }) => job, true],
    ["PID", ({ pid }) => pid, true],
    ["STARTED", ({ started }) => started ?? "?"],
    ["ENDED", ({ ended }) => ended ?? "-"],
    ["ID", ({ id }) => id ?? "?"],
    ["NAME", ({ name }) => name ?? "-"],
  ];
  return tableSteps(rows, columns, style);
}

/** The figures of one line: what they are the sums of, and the sums. */
export interface TotalsRow {
  /** Of what, by columns and fields: `[["command", "sh"]]`; empty for the sums of all. */
  readonly of: Fields;
  readonly totals: AcctTotals;
  /** More fields, for jobs. */
  readonly more?: { readonly members: number; readonly accounted: number; readonly wallCs: number };
}

/** Figures for scripts. */
export function totalsFields({ of, totals, more }: TotalsRow): Fields {
  return [
    ...of,
    ...more === undefined ? [] : [
      ["members", more.members],
      ["accounted", more.accounted],
    ] as const,
    ["processes", totals.processes],
    ["failed", totals.failed],
    ...more === undefined ? [] : [["wall_ns", nanoseconds(more.wallCs)]] as const,
    ["elapsed_ns", nanoseconds(totals.elapsedCs)],
    ["user_ns", nanoseconds(totals.userCs)],
    ["system_ns", nanoseconds(totals.systemCs)],
    ["minor_faults", totals.minorFaults],
    ["major_faults", totals.majorFaults],
    ["swaps", totals.swaps],
  ];
}

/**
 * Figures as a table, with pauses; what they are the sums of stands last, because others chose it.
 */
export function renderTotals(
  rows: readonly TotalsRow[],
  style: TableStyle,
): Generator<void, string[]> {
  const isJobs = rows.some(({ more }) => more !== undefined);
  const wall: Column<TotalsRow>[] = [["WALL", ({ more }) => words(more?.wallCs ?? 0), true]];
  const columns: Column<TotalsRow>[] = [
    ["COUNT", ({ totals }) => totals.processes, true],
    ["FAILED", ({ totals }) => totals.failed, true],
    ...isJobs ? wall : [],
    ["ELAPSED", ({ totals }) => words(totals.elapsedCs), true],
    ["UTIME", ({ totals }) => words(totals.userCs), true],
    ["STIME", ({ totals }) => words(totals.systemCs), true],
    ["MINFLT", ({ totals }) => totals.minorFaults, true, 3],
    ["MAJFLT", ({ totals }) => totals.majorFaults, true, 2],
    ["SWAPS", ({ totals }) => totals.swaps, true, 1],
    ...(rows[0]?.of ?? []).map(([name], at): Column<TotalsRow> => {
      return [name.toUpperCase(), ({ of }) => of[at]?.[1] ?? "-"];
    }),
  ];
  return tableSteps(rows, columns, style);
}

/**
 * A job in the form of elsa(1) of 2005. Its "nsec" were clock ticks; these are nanoseconds, with
 * the point and the zero that it printed.
 */
export function elsaLines(job: number, totals: AcctTotals): string[] {
  const rows = [
    ["Nbr of processes", `${totals.processes}`],
    ["Elapsed Time", `${nanoseconds(totals.elapsedCs)}.0 nsec`],
    ["User Time", `${nanoseconds(totals.userCs)}.0 nsec`],
    ["System Time", `${nanoseconds(totals.systemCs)}.0 nsec`],
    ["Minor Pagefaults", `${totals.minorFaults} page(s)`],
    ["Major Pagefaults", `${totals.majorFaults} page(s)`],
    ["Swaps", `${totals.swaps} page(s)`],
  ] as const;
  const lines = rows.map(([name, value]) => `     ${name.padEnd(16)} : ${value}`);
  return [`Results for job ID ${job}`, ...lines, ""];
}

/** Hundredths of a second as whole nanoseconds, however many. */
export function nanoseconds(cs: number): bigint {
  const whole = Math.floor(cs);
  return BigInt(whole) * BigInt(NS_PER_CS) + BigInt(Math.round((cs - whole) * NS_PER_CS));
}

/** Nothing has no unit: what is below a tick is not counted. */
function words(cs: number): string {
  return cs === 0 ? "0" : durationWords(cs * NS_PER_CS);
}

/** A line of NDJSON, its end included. */
export function jsonLine(fields: Fields): string {
  const parts = fields.map(([name, value]) => {
    return `"${name}":${typeof value === "bigint" ? value : jsonText(value)}`;
  });
  return `{${parts.join(",")}}\n`;
}

function pad(text: string, width: number, isNumber: boolean | undefined): string {
  const space = " ".repeat(Math.max(0, width - displayWidth(text)));
  return isNumber ? space + text : text + space;
}
