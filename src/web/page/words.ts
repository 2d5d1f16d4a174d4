/**
 * Figures and processes in the words of the commands. What a process chose is text: escaped, and
 * never looked into.
 *
 * @module
 */
import { clockOf, dayOf } from "../../text/clock.ts";
import { escapeText } from "../../text/escape.ts";
import { quoteArgv } from "../../text/quote.ts";
import { durationWords, sizeWords } from "../../text/words.ts";
import type { EndFields, ProcessFields } from "./answers.ts";

const SECOND_MS = 1000;

/** Local time of a moment in RFC 3339, with milliseconds; `?` where it is not known. */
export function clockText(time: string | null): string {
  if (time === null) return "?";
  const date = new Date(time);
  return `${clockOf(date)}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

/** The same with its day. */
export function momentText(time: string | null): string {
  return time === null ? "?" : `${dayOf(new Date(time))} ${clockText(time)}`;
}

/** `1.25s`; `?` where it is not known. */
export function lengthText(ns: number | null): string {
  return ns === null ? "?" : durationWords(ns);
}

/** `1.5 GiB`; `?` where it is not known. */
export function bytesText(bytes: number | null): string {
  return bytes === null ? "?" : sizeWords(bytes);
}

/** `12 345`; `?` where it is not known. */
export function countText(count: number | null): string {
  return count === null ? "?" : count.toLocaleString("en").replaceAll(",", "\u202f");
}

/** `exit 2`, `SIGSEGV (core)`. */
export function endText({ exit_code, signal, core }: EndFields): string {
  if (signal !== null) return core ? `${signal} (core)` : signal;
  return `exit ${exit_code ?? "?"}`;
}

/** Whether it went wrong. */
export function isFailure({ exit_code, signal }: EndFields): boolean {
  return signal !== null || (exit_code !== null && exit_code !== 0);
}

/** The command line as one could type it, or the name in brackets where it is not known. */
export function commandLine({ argv, argv_missing: more, comm }: CommandFields): string {
  if (argv === null || argv.length === 0) return `[${escapeText(comm ?? "?")}]`;
  const text = escapeText(quoteArgv(argv));
  return more === undefined ? text : `${text} [${sizeWords(more)} more]`;
}

type CommandFields = Pick<ProcessFields, "argv" | "argv_missing" | "comm">;

/** What it is called. */
export function nameOf({ comm }: Pick<ProcessFields, "comm">): string {
  return escapeText(comm ?? "?");
}

/** Whose it is. */
export function userOf({ user, uid }: Pick<ProcessFields, "user" | "uid">): string {
  return escapeText(user ?? (uid === null ? "?" : String(uid)));
}

/** How long ago, nanoseconds; null where it is not known. */
export function ageOf(time: string | null, now: number): number | null {
  return time === null ? null : Math.max(0, now - Date.parse(time)) * (1e9 / SECOND_MS);
}
