/**
 * What a place has refused for good: it is counted, told, and left out.
 *
 * @module
 */

/** Some of what was sent. */
export interface Refused {
  count: number;
  /** Id of the first of them; null where that is not known. */
  first: string | null;
  /** What was said of the last. */
  why: string;
}

/** It in a sentence; `what` is one of them. */
export function refusedWords(shown: string, what: string, { count, first, why }: Refused): string {
  const them = count === 1 ? what : `${what}s`;
  const which = first === null ? "" : count === 1 ? `, ${first}` : `, the first of them ${first}`;
  return `${shown} has refused ${count} ${them} for good${which}: ${why || "no reason given"}`;
}
