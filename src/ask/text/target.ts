/**
 * The process that a question is about: a pid, a pid at a time, or an id.
 *
 * @module
 */
import { parseMoment } from "./moments.ts";
import { parsePid } from "./values.ts";

/** What an operand names. */
export interface Target {
  readonly pid: number;
  /** Milliseconds since the epoch, at which it lived; null when not given. */
  readonly at: number | null;
  /** The whole id; null when a pid was given. */
  readonly id: string | null;
}

const ID = /^([0-9a-f]{8}(?:_\d+)?)-(\d+)-~?\d+(?:\.\d+)?$/;

/**
 * `4711`, `4711@03:12`, `7c0a51fe-4711-88123`, or `7c0a51fe_12-4711-88123` of a fleet; throws
 * UsageError, also for a time that lies ahead and that no clock of `history` has shown.
 */
export function parseTarget(
  text: string,
  now: number,
  history: { readonly latest: number } | null = null,
): Target {
  const id = ID.exec(text);
  if (id !== null) return { pid: parsePid(id[2]!), at: null, id: text };
  const at = text.indexOf("@");
  if (at < 0) return { pid: parsePid(text), at: null, id: null };
  const moment = parseMoment(text.slice(at + 1), now, history ?? {});
  return { pid: parsePid(text.slice(0, at)), at: moment, id: null };
}

/** A process as somebody names it: by number, at a time, by its id, or by what it is called. */
export type Asked = Target | string;

/** {@linkcode parseTarget}; a text that is none is a name. */
export function parseAsked(
  text: string,
  now: number,
  history: { readonly latest: number } | null = null,
): Asked {
  // What is no name either is a pid that is wrong.
  const isNumber = isTarget(text) || /^[-+.\d]*$/.test(text);
  return isNumber ? parseTarget(text, now, history) : text;
}

/** Whether a text names a process by number, so that it is no name. */
export function isTarget(text: string): boolean {
  return /^\d+(?:@|$)/.test(text) || ID.test(text);
}
