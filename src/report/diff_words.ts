/**
 * What is different between runs, in words.
 *
 * @module
 */
import { durationWords } from "../text/words.ts";
import type { DiffSide, Measure, RunsDiff, Spread } from "./diff.ts";

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

/** How the runs ended where that is different, and whether they have become slower: a sentence. */
export function headline(diff: RunsDiff): string {
  const [before, after] = [diff.before, diff.after].map(statusesOf);
  const isSame = before === after || before === "" || after === "";
  const ended = isSame ? "" : `ended with ${after}, not with ${before} as before; `;
  return ended + timeWords(diff);
}

/** The exit statuses of the commands, in their order; empty where none is known. */
export function statusesOf({ frames }: DiffSide): string {
  const all = frames.flatMap(({ run }) => run === null ? [] : [run.status]);
  return [...new Set(all)].sort((a, b) => a - b).join(", ");
}

function timeWords({ whole, by }: RunsDiff): string {
  const measure = whole[by];
  const { before, change, noise, isBeyondNoise, isReal } = measure;
  const { same, words, differs } = SAYINGS[by];
  const one = before!.median;
  const { before: beforeText, after: afterText } = sideWords(measure, words);
  const both = `${beforeText} before, ${afterText} after`;
  if (isBeyondNoise) {
    const part = one > 0 ? ` (${signed(change! / one * 100, percent)})` : "";
    const known = isReal ? "" : "as far as it is known, ";
    return `${known}${differs(words(Math.abs(change!)), change! > 0)}${part}: ${both}`;
  }
  const why = noise === null || change === 0 ? "" : `, within the noise of ${words(noise)}`;
  return `${same}: ${both}${why}${by === "wall" ? cpuWords(whole.cpu) : ""}`;
}

/** What a busy host hides of the time that runs took is seen in the CPU time. */
function cpuWords({ before, change, isReal }: Measure): string {
  if (!isReal) return "";
  const part = before!.median > 0 ? ` (${signed(change! / before!.median * 100, percent)})` : "";
  const isMore = change! > 0;
  return `; ${durationWords(Math.abs(change!))} ${isMore ? "more" : "less"} CPU time${part}`;
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

/** The medians of both sides; what is not known of all is at least that. */
export function sideWords(
  { before, after, unknown }: Measure,
  words: Words,
): { readonly before: string; readonly after: string } {
  const side = (spread: Spread | null, missing: number) => {
    if (spread === null) return UNKNOWN;
    return `${missing > 0 ? "at least " : ""}${words(spread.median)}`;
  };
  return { before: side(before, unknown.before), after: side(after, unknown.after) };
}

/** How long all of a command lasted; nothing where none ran. */
export function lastedWords(wall: Spread | null, count: Spread | null): string {
  if (wall === null) return UNKNOWN;
  return count?.most === 0 ? "" : durationWords(wall.median);
}

/** How many there were, on both sides where that is another number. */
export function countWords({ before, after }: Measure): string {
  const [one, two] = [count(before!.median), count(after!.median)];
  return one === two ? two : `${one} > ${two}`;
}

/** How much more, or less; a `?` behind it says that what is not known may turn it round. */
export function changeWords({ change, unknown }: Measure, words: Words): string {
  if (change === null) return UNKNOWN;
  const isSure = (change > 0 ? unknown.before : unknown.after) === 0 &&
    (change !== 0 || unknown.before === 0);
  return signed(change, words) + (isSure ? "" : UNKNOWN);
}

function signed(value: number, words: Words): string {
  if (value === 0) return "0";
  return `${value < 0 ? "-" : "+"}${words(Math.abs(value))}`;
}
