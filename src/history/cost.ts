/**
 * What a process has cost, as the columns of a history have it.
 *
 * @module
 */
import type { Account } from "../model/account.ts";
import type { Process } from "../model/process.ts";
import { COST_COLUMNS } from "./schema.ts";

const NONE: readonly null[] = COST_COLUMNS.map(() => null);

/** Values of COST_COLUMNS; null each for a process whose account is not known. */
export function costOf({ account, accounted }: Process): readonly (number | null)[] {
  return account === null || !accounted ? NONE : costColumns(account);
}

/** An account as values of COST_COLUMNS. */
export function costColumns(account: Account): number[] {
  return [
    Math.round(account.userNs / 1000),
    Math.round(account.systemNs / 1000),
    account.minorFaults,
    account.majorFaults,
    Math.round(account.peakBytes / 1024),
    account.readBytes,
    account.writeBytes,
    account.voluntarySwitches,
    account.involuntarySwitches,
  ];
}

/** Adds values of COST_COLUMNS, or sums of them, to an account. */
export function addCost(account: Account, columns: readonly number[]): void {
  const [userUs, systemUs, minor, major, peakKib, read, write, voluntary, involuntary] = columns;
  account.userNs += userUs! * 1000;
  account.systemNs += systemUs! * 1000;
  account.cpuNs += (userUs! + systemUs!) * 1000;
  account.minorFaults += minor!;
  account.majorFaults += major!;
  account.peakBytes = Math.max(account.peakBytes, peakKib! * 1024);
  account.readBytes += read!;
  account.writeBytes += write!;
  account.voluntarySwitches += voluntary!;
  account.involuntarySwitches += involuntary!;
}
