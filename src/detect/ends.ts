/**
 * What the end of a process says.
 *
 * @module
 */
import { exitStatus } from "../model/process.ts";

/** Signals by which people and programs end others on purpose: HUP, INT, PIPE, ALRM, TERM. */
const ASKED: ReadonlySet<number> = new Set([1, 2, 13, 14, 15]);
const SIGKILL = 9;

/** Whether an end is neither good nor asked for; one that nobody saw is not. */
export function isBad(status: number | null): boolean {
  const { code, signal } = exitStatus(status);
  return signal === null ? (code ?? 0) !== 0 && code !== 130 && code !== 143 : !ASKED.has(signal);
}

/** Whether it ended by itself, and well. */
export function isGood(status: number | null): boolean {
  return status === 0;
}

/** Whether SIGKILL has ended it. */
export function isKilled(status: number | null): boolean {
  return exitStatus(status).signal === SIGKILL;
}
