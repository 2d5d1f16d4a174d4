/**
 * What processes have cost: as JSON has it, and in a line for people.
 *
 * @module
 */
import type { Account } from "../model/account.ts";
import { durationWords, sizeWords } from "./words.ts";

/** The figures of an account; null each where nothing is known. */
export function accountJson(account: Account | null): Record<string, number | null> {
  return {
    user_ns: account === null ? null : Math.round(account.userNs),
    system_ns: account === null ? null : Math.round(account.systemNs),
    minor_faults: account?.minorFaults ?? null,
    major_faults: account?.majorFaults ?? null,
    swaps: account === null ? null : 0,
    peak_bytes: account === null || account.peakBytes === 0 ? null : account.peakBytes,
    read_bytes: account?.readBytes ?? null,
    write_bytes: account?.writeBytes ?? null,
    voluntary_switches: account?.voluntarySwitches ?? null,
    involuntary_switches: account?.involuntarySwitches ?? null,
  };
}

/** An account in words. */
export function costWords({ userNs, systemNs, peakBytes, readBytes, writeBytes }: Account): string {
  const peak = peakBytes === 0 ? "" : `; at most ${sizeWords(peakBytes)} of memory`;
  const storage = readBytes + writeBytes === 0
    ? ""
    : `; ${sizeWords(readBytes)} read, ${sizeWords(writeBytes)} written`;
  return `${durationWords(userNs)} user, ${durationWords(systemNs)} system${peak}${storage}`;
}
