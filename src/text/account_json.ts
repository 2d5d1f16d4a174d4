/**
 * What processes have cost: as JSON has it, and in a line for people.
 *
 * @module
 */
import { type Account, type Figure, FIGURES } from "../model/account.ts";
import { durationWords, sizeWords } from "./words.ts";

/** The figures of an account; null each where nothing is known. */
export function accountJson(account: Account | null): Record<string, number | null> {
  return Object.fromEntries(figuresJson(({ name, isLargest }) => {
    if (account === null || (isLargest && account[name] === 0)) return null;
    return Math.round(account[name]);
  }, account === null ? null : 0));
}

/** Figures by their names in JSON, in order; Linux counts no swaps, which BSD accounting has. */
export function figuresJson<Value>(
  valueOf: (figure: Figure) => Value,
  swaps: Value,
): [string, Value][] {
  return FIGURES.flatMap((figure): [string, Value][] => {
    const field: [string, Value] = [figure.json, valueOf(figure)];
    return figure.name === "majorFaults" ? [field, ["swaps", swaps]] : [field];
  });
}

/** An account in words. */
export function costWords({ userNs, systemNs, peakBytes, readBytes, writeBytes }: Account): string {
  const peak = peakBytes === 0 ? "" : `; at most ${sizeWords(peakBytes)} of memory`;
  const storage = readBytes + writeBytes === 0
    ? ""
    : `; ${sizeWords(readBytes)} read, ${sizeWords(writeBytes)} written`;
  return `${durationWords(userNs)} user, ${durationWords(systemNs)} system${peak}${storage}`;
}
