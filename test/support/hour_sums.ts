/**
 * Sums by the hour, as a recorder has them after a while.
 *
 * @module
 */
import { HourSums } from "../../src/history/hour_sums.ts";

/** No boot: every one that is there is over. */
const NO_BOOT = -1;

/** Adds up all hours of a file that are over. */
export function addUpHours(file: ConstructorParameters<typeof HourSums>[0]): void {
  const sums = new HourSums(file, NO_BOOT);
  while (sums.work(0));
}
