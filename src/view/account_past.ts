/**
 * What past processes have cost, by key: columns and fields.
 *
 * @module
 */
import type { CostRow } from "../ask/account.ts";
import type { CostSums } from "../ask/store.ts";
import { figuresJson } from "../text/account_json.ts";
import { type Column, tableSteps, type TableStyle } from "../text/table.ts";
import { durationWords, sizeWords } from "../text/words.ts";
import type { Fields } from "./account.ts";

/** Figures for scripts: null is what is not known. */
export function costFields({ of, more, sums }: CostRow): Fields {
  const ifKnown = <Value>(value: Value) => sums.accounted > 0 ? value : null;
  const ifUsed = <Value>(value: Value) => sums.accounted + sums.living > 0 ? value : null;
  return [
    ...of,
    ...more === undefined ? [] : Object.entries(more),
    ["processes", sums.processes],
    ["failed", sums.failed],
    ["accounted", sums.accounted],
    ["elapsed_ns", sums.timed > 0 ? nanoseconds(sums.elapsedUs) : null],
    ...figuresJson(({ total, unit, isLargest }) => {
      if (isLargest && sums[total] === 0) return null;
      return unit === 1 ? ifKnown(sums[total]) : ifUsed(nanoseconds(sums[total]));
    }, ifKnown(0)),
    ["living", sums.living],
    ["reckoned_ns", nanoseconds(sums.reckonedUs)],
  ];
}

/** However many: a number of them would be rounded from 104 days on. */
function nanoseconds(us: number): bigint {
  return BigInt(Math.round(us)) * 1000n;
}

/**
 * Figures as a table, with pauses; what they are the sums of stands last, because others chose it.
 */
export function renderCosts(
  rows: readonly CostRow[],
  style: TableStyle,
): Generator<void, string[]> {
  const isPart = rows.some(({ sums }) => sums.accounted < sums.processes);
  const names = (rows[0]?.of ?? []).map(([name]) => name);
  const columns: Column<CostRow>[] = [
    ...jobColumns(rows),
    count("COUNT", ({ processes }) => processes),
    count("FAILED", ({ failed }) => failed),
    ...rows.some(({ sums }) => sums.living > 0) ? [count("LIVING", ({ living }) => living)] : [],
    ...isPart ? [count("KNOWN", ({ accounted }) => accounted)] : [],
    ["ELAPSED", ({ sums }) => sums.timed > 0 ? words(sums.elapsedUs) : "?", true],
    used("CPU", ({ userUs, systemUs }) => words(userUs + systemUs)),
    used("UTIME", ({ userUs }) => words(userUs), 6),
    used("STIME", ({ systemUs }) => words(systemUs), 5),
    known("MINFLT", ({ minorFaults }) => minorFaults, 2),
    known("MAJFLT", ({ majorFaults }) => majorFaults, 3),
    known("PEAK", ({ peakBytes }) => peakBytes > 0 ? sizeWords(peakBytes) : "?", 9),
    known("READ", ({ readBytes }) => sizeWords(readBytes), 7),
    known("WRITE", ({ writeBytes }) => sizeWords(writeBytes), 8),
    known("CSW", (sums) => sums.voluntarySwitches + sums.involuntarySwitches, 1),
    ...names.filter((name) => name !== "uid").map((name): Column<CostRow> => {
      return [name.toUpperCase(), ({ of }) => of.find(([other]) => other === name)?.[1] ?? "-"];
    }),
  ];
  return tableSteps(rows, columns, style);
}

/** Of jobs; how many they are where a row is of several. */
function jobColumns([first]: readonly CostRow[]): Column<CostRow>[] {
  const names = (["jobs", "hosts", "members", "running"] as const).filter((name) => {
    return first?.more?.[name] !== undefined;
  });
  return names.map((name) => [name.toUpperCase(), ({ more }) => more?.[name], true]);
}

function count(name: string, cell: (sums: CostSums) => number): Column<CostRow> {
  return [name, ({ sums }) => cell(sums), true];
}

/** A column that is known where the account of a process is. */
function known(
  name: string,
  cell: (sums: CostSums) => string | number,
  spare?: number,
): Column<CostRow> {
  return [name, ({ sums }) => sums.accounted > 0 ? cell(sums) : "?", true, spare];
}

/** A column that is known where a process is accounted, or goes on. */
function used(
  name: string,
  cell: (sums: CostSums) => string,
  spare?: number,
): Column<CostRow> {
  const isKnown = ({ accounted, living }: CostSums) => accounted + living > 0;
  return [name, ({ sums }) => isKnown(sums) ? cell(sums) : "?", true, spare];
}

function words(us: number): string {
  return us === 0 ? "0" : durationWords(us * 1000);
}
