/**
 * Thresholds as the command line has them.
 *
 * @module
 */
import { parseDuration, quoted } from "../../ask/text/values.ts";
import {
  INITIAL_LIMITS,
  type Limits,
  type ThresholdName,
  THRESHOLDS,
} from "../../detect/thresholds.ts";
import { UsageError } from "../../fault.ts";

/** Names of all, for completion. */
export const THRESHOLD_NAMES: readonly string[] = Object.keys(THRESHOLDS).map((name) => `${name}=`);

/** `loop-times=3` or `stuck=5m`. */
export function parseThreshold(text: string): Partial<Limits> {
  const [name = "", value] = text.split(/=(.*)/s);
  const threshold = Object.hasOwn(THRESHOLDS, name) ? THRESHOLDS[name as ThresholdName] : null;
  if (threshold === null) {
    const names = Object.keys(THRESHOLDS).join(", ");
    throw new UsageError(`Unknown threshold: ${quoted(name)}; there are ${names}`);
  }
  if (value === undefined) {
    const example = threshold.unit === "time" ? "30s" : String(threshold.initial);
    throw new UsageError(`Threshold without a value: ${quoted(text)}; give ${name}=${example}`);
  }
  const number = threshold.unit === "time" ? parseDuration(value) : parseNumber(name, value);
  const least = LEAST[name] ?? 1;
  if (number >= least) return { [name]: number };
  throw new UsageError(`Bad ${name}: ${quoted(value)}; give ${TOLD[name] ?? "more than nothing"}`);
}

function parseNumber(name: string, text: string): number {
  const number = Number(text);
  if (/^\d{1,9}$/.test(text) && number > 0) return number;
  throw new UsageError(`Bad ${name}: ${quoted(text)}; give a whole number from 1`);
}

/** Once is no loop, and shorter than a second is no stretch. */
const LEAST: Readonly<Record<string, number>> = {
  "loop-times": 2,
  "loop-shell-times": 2,
  "failing-times": 2,
  "storm-stretch": 1e9,
};
const TOLD: Readonly<Record<string, string>> = {
  "loop-times": "2 or more",
  "loop-shell-times": "2 or more",
  "failing-times": "2 or more",
  "storm-stretch": "a second or more",
};

/** The thresholds that hold; of two values for one the last counts. */
export function limitsOf(given: readonly Partial<Limits>[] = []): Limits {
  return Object.assign({}, INITIAL_LIMITS, ...given);
}
