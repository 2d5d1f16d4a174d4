/**
 * Sums over records of BSD process accounting: of a job, a command, a user.
 *
 * @module
 */

/** What one record adds; times in hundredths of a second, as records have them. */
export interface AcctCost {
  /** Null where it is not known. */
  readonly elapsedCs: number | null;
  readonly userCs: number;
  readonly systemCs: number;
  readonly minorFaults: number;
  readonly majorFaults: number;
  readonly swaps: number;
  /** As wait(2) has it. */
  readonly waitStatus: number;
}

/**
 * The sums. Hundredths of a second hold longer than nanoseconds would: a number of these is no
 * longer exact from 104 days on, and the lives of a big build's processes are that long together.
 */
export class AcctTotals {
  processes = 0;
  /** Those that ended with a status not 0 or by a signal. */
  failed = 0;
  /** The lives of all processes one after the other, as sa and ELSA count it. */
  elapsedCs = 0;
  userCs = 0;
  systemCs = 0;
  minorFaults = 0;
  majorFaults = 0;
  swaps = 0;

  /** Adds one record. */
  add(cost: AcctCost): void {
    this.processes++;
    if (cost.waitStatus !== 0) this.failed++;
    this.elapsedCs += cost.elapsedCs ?? 0;
    this.userCs += cost.userCs;
    this.systemCs += cost.systemCs;
    this.minorFaults += cost.minorFaults;
    this.majorFaults += cost.majorFaults;
    this.swaps += cost.swaps;
  }

  /** CPU time, in hundredths of a second. */
  get cpuCs(): number {
    return this.userCs + this.systemCs;
  }
}
