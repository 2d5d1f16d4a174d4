/**
 * What the end of a process says, by its wait status (wait(2)).
 *
 * @module
 */

/** Bits of a wait status: the signal, and whether core was dumped. */
const SIGNAL = 0x7f;
const CORE = 0x80;
const SIGKILL = 9;
/** Signals by which people and programs end others on purpose: HUP, INT, PIPE, ALRM, TERM. */
const ASKED: ReadonlySet<number> = new Set([1, 2, 13, 14, 15]);
/** What shells make of INT and TERM. */
const ASKED_CODES: ReadonlySet<number> = new Set([130, 143]);

/** The signal that has ended it; 0 where none has, or that is not known. */
export function signalOf(status: number | null): number {
  return status === null ? 0 : status & SIGNAL;
}

/** Whether an end is neither good nor asked for; one that nobody saw is not. */
export function isBad(status: number | null): boolean {
  if (status === null || status === 0) return false;
  const signal = status & SIGNAL;
  return signal === 0 ? !ASKED_CODES.has((status >> 8) & 0xff) : !ASKED.has(signal);
}

/** Whether SIGKILL has ended it. */
export function isKilled(status: number): boolean {
  return (status & SIGNAL) === SIGKILL;
}

/** Whether a signal has ended it, and it dumped core. */
export function hasCore(status: number): boolean {
  return (status & SIGNAL) !== 0 && (status & CORE) !== 0;
}
