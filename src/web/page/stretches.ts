/**
 * A time cut into equal stretches, and what weighs most in them. Pure.
 *
 * @module
 */

const UNITS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const HOUR = 3_600_000;

/** A time as the fields of the page have it, milliseconds since the epoch; null for others. */
export function momentOf(text: string, now: number): number | null {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)([smhd]) ago$/.exec(text.trim()) ?? [];
  if (digits !== undefined) return now - Number(digits) * UNITS[unit!]!;
  const [, hour, minute] = /^(\d{1,2}):(\d{2})$/.exec(text.trim()) ?? [];
  if (hour !== undefined) return new Date(now).setHours(Number(hour), Number(minute), 0, 0);
  if (text === "today") return new Date(now).setHours(0, 0, 0, 0);
  if (text === "yesterday") return new Date(now).setHours(-24, 0, 0, 0);
  const moment = Date.parse(text);
  return Number.isNaN(moment) ? null : moment;
}

/** So many stretches, each from and to a moment in RFC 3339; what is not understood is an hour. */
export function stretchesOf(
  since: string,
  until: string,
  now: number,
  count: number,
): (readonly [from: string, to: string])[] {
  const end = (until === "" ? null : momentOf(until, now)) ?? now;
  const begin = momentOf(since, now) ?? end - HOUR;
  const step = Math.max(count, end - begin) / count;
  const at = (index: number) => new Date(Math.round(begin + index * step)).toISOString();
  return Array.from({ length: count }, (_, index) => [at(index), at(index + 1)] as const);
}

/** Names of what is most in all of them together, the most first. */
export function topOf(sums: readonly ReadonlyMap<string, number>[], count: number): string[] {
  const totals = new Map<string, number>();
  for (const one of sums) {
    for (const [name, value] of one) totals.set(name, (totals.get(name) ?? 0) + value);
  }
  return [...totals].sort((a, b) => b[1] - a[1]).slice(0, count).map(([name]) => name);
}

/** Rows in which none overlaps another, as few as there may be; each its number, from 0 on. */
export function lanesOf(
  stretches: readonly { readonly begin: number; readonly end: number }[],
): number[] {
  const ends: number[] = [];
  const lanes = stretches.map(() => 0);
  const order = stretches.map((_, at) => at)
    .sort((a, b) => stretches[a]!.begin - stretches[b]!.begin);
  for (const at of order) {
    const { begin, end } = stretches[at]!;
    const free = ends.findIndex((last) => last < begin);
    lanes[at] = free < 0 ? ends.length : free;
    ends[lanes[at]!] = end;
  }
  return lanes;
}
