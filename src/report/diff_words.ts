/**
 * What is different between runs, in words.
 *
 * @module
 */
import { durationWords } from "../text/words.ts";
import type { CommandChange, Measure, RunsDiff, Spread } from "./diff.ts";

/** What is not known. */
export const UNKNOWN = "?";

/** How to write numbers of a kind. */
export type Words = (value: number) => string;

const count: Words = (value) => String(Math.round(value * 10) / 10);
const percent: Words = (value) => `${value.toFixed(0)} %`;

/** How the sides are compared in words. */
interface Saying {
  readonly same: string;
  readonly words: Words;
  differs(much: string, isMore: boolean): string;
}

const SAYINGS: Readonly<Record<RunsDiff["by"], Saying>> = {
  wall: {
    same: "as fast as before",
    words: durationWords,
    differs: (much, isMore) => `${isMore ? "slower" : "faster"} by ${much}`,
  },
  cpu: {
    same: "as much CPU time as before",
    words: durationWords,
    differs: (much, isMore) => `${much} ${isMore ? "more" : "less"} CPU time`,
  },
  count: {
    same: "as many processes as before",
    words: count,
    differs: (much, isMore) => `${isMore ? "more" : "fewer"} processes by ${much}`,
  },
};

/** Whether runs have become slower, and by how much, in a sentence. */
export function headline({ whole, by }: RunsDiff): string {
  const { before, after, change, noise, isReal } = whole[by];
  const { same, words, differs } = SAYINGS[by];
  const [one, two] = [before!.median, after!.median];
  const both = `${words(one)} before, ${words(two)} after`;
  if (isReal) {
    const part = one > 0 ? ` (${signed(change! / one * 100, percent)})` : "";
    return `${differs(words(Math.abs(change!)), change! > 0)}${part}: ${both}`;
  }
  const why = noise === null || change === 0 ? "" : `, within the noise of ${words(noise)}`;
  return `${same}: ${both}${why}`;
}

/** Something of the runs as a whole, and how it is written. */
export type Whole = readonly [name: string, measure: Measure, words: Words];

/** The runs as a whole. */
export function wholesOf({ whole, by }: RunsDiff): Whole[] {
  return [
    // How long a stretch is that is looked at was chosen by who looks.
    ...by === "wall" ? [["time", whole.wall, durationWords] as const] : [],
    ["CPU", whole.cpu, durationWords],
    ["processes", whole.count, count],
    ["failed", whole.failed, count],
  ];
}

/** The median. */
export function spreadWords(spread: Spread | null, words: Words): string {
  return spread === null ? UNKNOWN : words(spread.median);
}

/** How long all of a command lasted; nothing where none ran. */
export function lastedWords(wall: Spread | null, count: Spread | null): string {
  if (wall === null) return UNKNOWN;
  return count?.most === 0 ? "" : durationWords(wall.median);
}

/** How many there were, on both sides where that is another number. */
export function countWords({ count: { before, after } }: CommandChange): string {
  const [one, two] = [count(before!.median), count(after!.median)];
  return one === two ? two : `${one} > ${two}`;
}

/** How much more, or less. */
export function changeWords({ change }: Measure, words: Words): string {
  return change === null ? UNKNOWN : signed(change, words);
}

function signed(value: number, words: Words): string {
  if (value === 0) return "0";
  return `${value < 0 ? "-" : "+"}${words(Math.abs(value))}`;
}
