/**
 * Local times of all commands: the zone is looked up once, by the first that reads or shows one.
 *
 * @module
 */
import process from "node:process";
import { openTimeZone, type TimeZone } from "./time_zone.ts";

let zone: TimeZone | null = null;
let complain: (text: string) => void = () => {};

/** Has `tell` told, once, that TZ was not understood, when a local time is first needed. */
export function onZoneTrouble(tell: (text: string) => void): void {
  complain = tell;
}

/** How far local clocks are ahead of UTC at `moment`; both in milliseconds. */
export function localOffset(moment: number): number {
  if (zone === null) {
    zone = openTimeZone(process.env);
    if (zone.trouble !== null) {
      complain(`Cannot understand TZ: ${zone.trouble}; times are in UTC`);
    }
  }
  return zone.offsetAt(moment);
}

/** The same without what it shares with `now`: `21:40:26`, `11-29 21:40:26`, or all of it. */
export function shortTime(moment: number, now: number): string {
  const [text, today] = [localTime(moment), localTime(now)];
  if (text.slice(0, 10) === today.slice(0, 10)) return text.slice(11);
  return text.slice(0, 4) === today.slice(0, 4) ? text.slice(5) : text;
}

/** {@linkcode shortTime} with milliseconds where the day is the same: `21:40:26.123`. */
export function fineTime(moment: number, now: number): string {
  const text = shortTime(moment, now);
  if (text.length > "21:40:26".length) return text;
  return `${text}.${String(Math.floor(moment) % 1000).padStart(3, "0")}`;
}

/** Local date and time of a moment, to the second: `2026-11-24 14:30:00`. */
export function localTime(moment: number): string {
  const wall = new Date(Math.floor(moment) + localOffset(moment));
  return wall.toISOString().slice(0, 19).replace("T", " ");
}
