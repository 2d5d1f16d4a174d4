/**
 * Moments as people write them, such as the value of `--since`.
 *
 * @module
 */
import { UsageError } from "../../fault.ts";
import { localOffset } from "../../host/local_time.ts";
import { parseInstant } from "../../text/instant.ts";
import { parseDuration, quoted } from "./values.ts";

const DAY_MS = 86_400_000;
/** What may seem to lie ahead, because two clocks differ a little. */
export const AHEAD_MAX_MS = 1000;

const TIME = String.raw`(\d\d?:\d\d)(:\d\d(?:\.\d+)?)?`;
const CLOCK = new RegExp(`^(yesterday +)?${TIME}$`);
const DATE = new RegExp(
  String.raw`^(\d{4}-\d\d-\d\d)(?:[Tt ]${TIME}(Z|z|[+-]\d\d:?\d\d)?)?$`,
);
/** Without "ago" a long number is none of a duration: it may have been meant as a time. */
const AGO = /^(?:((?:\d+(?:\.\d+)?[a-z]+)+) +ago|-?((?:\d{1,6}(?:\.\d+)?[a-z]+)+))$/;
/** As people say it, one unit at a time. */
const SAID = /^(\d+(?:\.\d+)?|an?) +(sec|second|min|minute|hour|hr|day|week)s? +ago$/;
const SAID_UNITS: Readonly<Record<string, string>> = {
  sec: "s",
  second: "s",
  min: "m",
  minute: "m",
  hour: "h",
  hr: "h",
  day: "d",
};
const EPOCH_SECONDS = /^\d{9,11}(?:\.\d+)?$/;

/** How far local clocks are ahead of UTC at a moment; both in milliseconds. */
type OffsetAt = (moment: number) => number;

/** What else {@linkcode parseMoment} goes by. */
export interface MomentOptions {
  /** The latest moment that is taken: where a clock was set back, what it showed before. */
  readonly latest?: number;
  readonly offsetAt?: OffsetAt;
}

/**
 * The moment that `text` names, in milliseconds since the epoch; what is finer stands behind the
 * point, rounded to what a number holds (a quarter of a microsecond).
 *
 * It takes RFC 3339 with `T` or a space, local where no offset is given; a date, which is its
 * local midnight; `HH:MM[:SS]`, the latest that has come; `today`, `yesterday` (midnight),
 * `yesterday HH:MM[:SS]`, `now`; `10m ago`, `10m`, `-10m`, `1h30m ago`, `10 minutes ago`; and
 * seconds since the epoch. A local
 * time that the clocks skip is the moment of the skip; of one that comes twice the first is
 * meant, by `HH:MM` alone the latest.
 *
 * @throws {UsageError} It is no such text, or lies more than a second after `nowMs` and after
 * `latest`.
 */
export function parseMoment(
  text: string,
  nowMs: number,
  { latest = nowMs, offsetAt = localOffset }: MomentOptions = {},
): number {
  const moment = readMoment(text, nowMs, offsetAt);
  if (moment === null) {
    throw new UsageError(
      `Bad time: ${quoted(text)}; give one such as 14:30, "yesterday 14:30", "10m ago", ` +
        "2026-11-24, 2026-11-24T14:30:00Z or seconds since the epoch",
    );
  }
  if (moment <= Math.max(nowMs + AHEAD_MAX_MS, latest)) return moment;
  throw inFuture(text);
}

/** The error of a time that has not come. */
export function inFuture(text: string): UsageError {
  return new UsageError(`Bad time: ${quoted(text)} lies in the future; give one that has come`);
}

/** The moment, however far ahead it lies; null when `text` names none. */
function readMoment(text: string, nowMs: number, offsetAt: OffsetAt): number | null {
  if (text === "now") return nowMs;
  if (text === "today") return firstOf(localDay(nowMs, 0, offsetAt), offsetAt);
  if (text === "yesterday") return firstOf(localDay(nowMs, -1, offsetAt), offsetAt);
  if (EPOCH_SECONDS.test(text)) return readSeconds(text);
  const ago = AGO.exec(text);
  if (ago !== null) return readAgo(ago[1] ?? ago[2]!, nowMs);
  const said = SAID.exec(text);
  if (said !== null) return readSaid(said, nowMs);
  const clock = CLOCK.exec(text);
  if (clock !== null) return readClock(clock, nowMs, offsetAt);
  const date = DATE.exec(text);
  return date === null ? null : readDate(date, offsetAt);
}

/** Milliseconds of decimal seconds: the digits behind the point apart, so that none is lost. */
function readSeconds(text: string): number {
  const [whole, fraction] = text.split(".");
  return Number(whole) * 1000 + fractionMs(fraction);
}

function fractionMs(digits: string | undefined): number {
  return digits === undefined ? 0 : Number(`0.${digits}`) * 1000;
}

function readSaid([, number, unit]: RegExpExecArray, nowMs: number): number | null {
  const count = /^an?$/.test(number!) ? 1 : Number(number);
  return readAgo(unit === "week" ? `${count * 7}d` : `${count}${SAID_UNITS[unit!]}`, nowMs);
}

function readAgo(durations: string, nowMs: number): number | null {
  try {
    const parts = durations.match(/[\d.]+[a-z]+/g)!;
    const ns = parts.reduce((sum, part) => sum + parseDuration(part), 0);
    return nowMs - ns / 1e6;
  } catch (error) {
    if (error instanceof UsageError) return null;
    throw error;
  }
}

function readClock(match: RegExpExecArray, nowMs: number, offsetAt: OffsetAt): number | null {
  const time = parseInstant(`1970-01-01T${timeOf(match[2], match[3])}Z`);
  if (time === undefined) return null;
  const on = (days: number) => localDay(nowMs, days, offsetAt) + time;
  if (match[1] !== undefined) return firstOf(on(-1), offsetAt);
  const moments = [0, -1].flatMap((days) => momentsOf(on(days), offsetAt));
  return Math.max(...moments.filter((moment) => moment <= nowMs));
}

/** A date, with a time, with an offset: without that it is what local clocks show. */
function readDate(match: RegExpExecArray, offsetAt: OffsetAt): number | null {
  const [, date, clock, seconds, offset] = match;
  // RFC 3339 has a colon in it.
  const east = offset?.replace(/^([+-]\d\d):?(\d\d)$/, "$1:$2");
  const moment = parseInstant(`${date}T${timeOf(clock, seconds)}${east ?? "Z"}`);
  if (moment === undefined) return null;
  return offset === undefined ? firstOf(moment, offsetAt) : moment;
}

/** A time of day as RFC 3339 has it: people leave out what is zero. */
function timeOf(clock = "0:00", seconds = ":00"): string {
  return `${clock.padStart(5, "0")}${seconds}`;
}

/*
 * A wall time below is what local clocks show, as the milliseconds that UTC would make of it. The
 * steps are taken by hand because Date moves a time that the clocks skip by the whole skip.
 */

/** Wall time of the midnight `days` after the local day of `moment`. */
function localDay(moment: number, days: number, offsetAt: OffsetAt): number {
  const wall = moment + offsetAt(moment);
  return (Math.floor(wall / DAY_MS) + days) * DAY_MS;
}

function firstOf(wall: number, offsetAt: OffsetAt): number {
  return momentsOf(wall, offsetAt)[0]!;
}

/** When local clocks show `wall`, in order: mostly once; twice when they are put back by then. */
function momentsOf(wall: number, offsetAt: OffsetAt): number[] {
  // No zone is a day away from UTC, so these two moments lie before and after the one meant.
  const [early, late] = [wall - DAY_MS, wall + DAY_MS];
  const [before, after] = [offsetAt(early), offsetAt(late)];
  const moments = [wall - before, wall - after].filter((moment) =>
    Math.abs(moment + offsetAt(moment) - wall) < 1
  );
  return moments.length === 0 ? [changeBetween(early, late, offsetAt)] : moments;
}

/** The first moment, to the millisecond, after which the offset is no longer that of `early`. */
function changeBetween(early: number, late: number, offsetAt: OffsetAt): number {
  const before = offsetAt(early);
  let [low, high] = [Math.floor(early), Math.ceil(late)];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(middle) === before) low = middle;
    else high = middle;
  }
  return high;
}
