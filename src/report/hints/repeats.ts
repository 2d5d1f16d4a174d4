/**
 * One command line, run several times in the same folder.
 *
 * @module
 */
import { quoteArgv } from "../../text/quote.ts";
import { durationWords } from "../../text/words.ts";
import type { Hint } from "../hints.ts";
import { belowConfigures } from "./configure.ts";
import { type Family, total, union } from "./family.ts";

/** Twice may be before and after something. */
const TIMES_MIN = 3;
/** What all but one took has to be worth a look: a tenth of a second, a hundredth of the whole. */
const MORE_MIN_NS = 1e8;
const MORE_MIN_SHARE = 0.01;
/** Of a command line, characters that are shown: the page has it whole. */
const SHOWN_MAX = 80;
/** Bits of a wait status: the signal that has ended a process (wait(2)). */
const SIGNAL = 0x7f;
/** They wait, as they were told to. */
const WAITING: ReadonlySet<string> = new Set(["sleep", "inotifywait"]);

/** A hint for each command line; of what it starts in turn nothing is said. */
export function repeats(family: Family): Hint[] {
  const checks = belowConfigures(family);
  const groups = groupsOf(family.spans.keys(), (index) => {
    return checks.has(index) ? null : lastWordOf(family, index);
  }).flatMap((those) => groupsOf(those, (index) => keyOf(family, index)));
  const often = new Set(groups.flat());
  return groups.flatMap((those) => {
    if (those.every((index) => hasAbove(family, index, often))) return [];
    return hintOf(family, those) ?? [];
  });
}

/** Those of which as many as are worth a word have the same key; null is no key. */
function groupsOf(some: Iterable<number>, key: (index: number) => string | null): number[][] {
  const numbers = new Map<string, number>();
  const sizes: number[] = [];
  /** The number of its group behind each. */
  const grouped: number[] = [];
  for (const index of some) {
    const own = key(index);
    if (own === null) continue;
    let group = numbers.get(own);
    if (group === undefined) numbers.set(own, group = sizes.push(0) - 1);
    sizes[group]!++;
    grouped.push(index, group);
  }
  // Most keys are those of one: only the others get a list.
  const groups = sizes.map((size): number[] | null => size < TIMES_MIN ? null : []);
  for (let at = 0; at < grouped.length; at += 2) groups[grouped[at + 1]!]?.push(grouped[at]!);
  return groups.filter((those) => those !== null);
}

/** Most often a file: what tells most command lines from each other at once. */
function lastWordOf({ spans }: Family, index: number): string | null {
  return spans[index]!.image.argv?.at(-1) ?? null;
}

/**
 * What has to be the same; null for a fork that runs nothing of its own, and for who has not come
 * to an end of its own here: daemons and their workers serve, what they are is nothing they say.
 */
function keyOf(family: Family, index: number): string | null {
  if (!hasRunThrough(family, index)) return null;
  const { argv, argvMore, cwd, exe, name } = family.spans[index]!.image;
  if (argv === null || argvMore > 0 || cwd === null || WAITING.has(name ?? "")) return null;
  if (family.isFork(index)) return null;
  // No text of a process has a NUL in it.
  return `${cwd}\0${exe}\0${argv.join("\0")}`;
}

/** Whether it began and ended in the report, and no signal has ended it. */
function hasRunThrough({ spans, frame }: Family, index: number): boolean {
  const { start, end, status } = spans[index]!;
  return start >= 0 && end !== null && end <= frame.lengthNs && ((status ?? 0) & SIGNAL) === 0;
}

function hasAbove(family: Family, index: number, some: ReadonlySet<number>): boolean {
  for (const above of family.above(index)) if (some.has(above)) return true;
  return false;
}

function hintOf(family: Family, those: readonly number[]): Hint | null {
  let [sumNs, longestNs] = [0, 0];
  for (const index of those) {
    sumNs += family.lengthNs(index);
    longestNs = Math.max(longestNs, family.lengthNs(index));
  }
  const moreNs = sumNs - longestNs;
  if (moreNs < Math.max(MORE_MIN_NS, family.frame.lengthNs * MORE_MIN_SHARE)) return null;
  const stretches = union(those.map((index) => family.life(index)));
  const line = quoteArgv(family.spans[those[0]!]!.image.argv!);
  const shown = line.length > SHOWN_MAX ? `${line.slice(0, SHOWN_MAX - 1).toWellFormed()}…` : line;
  return {
    kind: "repeats",
    words: `the same command line ran ${those.length} times in the same folder, all but the ` +
      `longest for ${durationWords(moreNs)}: ${shown}`,
    advice: "if each reads the same, once would do: keep what it says",
    stretches,
    spans: those,
    weightNs: Math.min(moreNs, total(stretches)),
  };
}
