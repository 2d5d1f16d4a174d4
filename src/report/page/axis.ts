/**
 * Marks of a time axis. Pure.
 *
 * @module
 */
import { durationWords } from "../../text/words.ts";

const S = 1e6;
const MINUTE = 60 * S;
/** Steps that people count time by, beyond a second; below it is 1, 2, 5 and their tenths. */
const LONG = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400]
  .map((seconds) => seconds * S);

/** A moment, microseconds, and how it is called. */
export interface Tick {
  readonly at: number;
  readonly label: string;
}

/** Marks between two moments, microseconds, at most so many. */
export function ticksOf(from: number, to: number, most: number): Tick[] {
  const step = stepOf((to - from) / Math.max(1, most));
  const ticks: Tick[] = [];
  for (let count = Math.ceil(from / step); count * step <= to; count++) {
    ticks.push({ at: count * step, label: labelOf(count * step, step) });
  }
  return ticks;
}

function stepOf(least: number): number {
  if (least > S) {
    return LONG.find((step) => step >= least) ?? Math.ceil(least / LONG.at(-1)!) * LONG.at(-1)!;
  }
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1e-3)));
  return [1, 2, 5, 10].map((times) => times * power).find((step) => step >= least * 0.999_999)!;
}

function labelOf(at: number, step: number): string {
  if (at === 0) return "0";
  if (step >= S) return at < MINUTE ? `${Math.round(at / S)}s` : durationWords(at * 1000);
  if (at >= S) return `${(at / S).toFixed(decimals(step / S))}s`;
  if (at >= 1000) return `${(at / 1000).toFixed(decimals(step / 1000))}ms`;
  return `${at.toFixed(decimals(step))}us`;
}

function decimals(step: number): number {
  return Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
}
