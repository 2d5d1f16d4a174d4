/**
 * What a process has cost, as the columns of a history have it.
 *
 * @module
 */
import { type Account, FIGURES } from "../model/account.ts";
import type { Process } from "../model/process.ts";
import { LIFE_COST_VALUES, LIFE_COSTS } from "./schema.ts";
import { type Column, nullable, whole } from "./typed.ts";

/** What reads them, in the order of COST_COLUMNS. */
export const LIFE_COST_COLUMNS: readonly Column[] = LIFE_COST_VALUES.map((name) => {
  return nullable(name.includes("faults") ? whole("faults", name) : name, "count");
});

const NONE: readonly null[] = LIFE_COSTS.map(() => null);
const values: (number | bigint | null)[] = [...NONE];
const MINOR_MAX = 0xffffffff;
/** So many major faults fit beside the minor ones into a number. */
const MAJOR_EXACT = 0x200000;

/**
 * Values of LIFE_COSTS; null each for a process whose account is not known. They are true until
 * the next call: there may be a hundred thousand rows in one transaction.
 */
export function costOf({ account, accounted }: Process): readonly (number | bigint | null)[] {
  if (account === null || !accounted) return NONE;
  values[0] = Math.round(account.userNs / 1000);
  values[1] = Math.round(account.systemNs / 1000);
  values[2] = faultsOf(account.minorFaults, account.majorFaults);
  values[3] = Math.round(account.peakBytes / 1024);
  values[4] = account.readBytes;
  values[5] = account.writeBytes;
  values[6] = account.voluntarySwitches;
  values[7] = account.involuntarySwitches;
  return values;
}

/** Minor faults in the lower 32 bits, major ones above. */
function faultsOf(minor: number, major: number): number | bigint {
  const low = Math.min(minor, MINOR_MAX);
  if (major < MAJOR_EXACT) return low + major * (MINOR_MAX + 1);
  return (BigInt(major) << 32n) | BigInt(low);
}

/** An account as values of COST_COLUMNS. */
export function costColumns(account: Account): number[] {
  return FIGURES.map(({ name, unit, columnUnit }) => Math.round(account[name] / unit / columnUnit));
}

/** Adds values of COST_COLUMNS, or sums of them, to an account. */
export function addCost(account: Account, columns: readonly number[]): void {
  for (const [index, { name, unit, columnUnit, isLargest }] of FIGURES.entries()) {
    const value = columns[index]! * unit * columnUnit;
    account[name] = isLargest ? Math.max(account[name], value) : account[name] + value;
  }
  account.cpuNs += (columns[0]! + columns[1]!) * 1000;
}
