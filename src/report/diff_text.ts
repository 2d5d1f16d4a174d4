/**
 * What is different between runs, for people.
 *
 * @module
 */
import { fitMiddle } from "../text/middle.ts";
import { type Column, table, type TableStyle } from "../text/table.ts";
import { durationWords } from "../text/words.ts";
import { wrap } from "../text/wrap.ts";
import { type CommandChange, type Measure, type RunsDiff, type Spread, tellingOf } from "./diff.ts";

/** Rows on a terminal; a file has all that has changed. */
const ROWS = 15;
const UNKNOWN = "?";

/** How to write numbers of a kind. */
type Words = (value: number) => string;

const count: Words = (value) => String(Math.round(value * 10) / 10);
const percent: Words = (value) => `${value.toFixed(0)} %`;

/** Lines of text, ended: how the runs differ, then the commands that do, and what to know. */
export function diffText(diff: RunsDiff, style: TableStyle): string {
  const changed = diff.commands.filter(({ kind }) => kind !== "same");
  const shown = changed.slice(0, style.width === Infinity ? Infinity : ROWS);
  const more = changed.length - shown.length;
  const lines = [
    ...wrap(headline(diff), style.width).map(style.head),
    ...wholeLines(diff, style),
    "",
    ...shown.length === 0
      ? ["no command has changed by more than that"]
      : table(shown, commandColumns(shown), { ...style, fit: fitMiddle }),
    ...more > 0 ? [`and ${more} more; a file (-o) or a pipe has all of them`] : [],
    ...diff.notes.length === 0 ? [] : [""],
    ...diff.notes.flatMap((note) => wrap(note, style.width)),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

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

function headline({ whole, by }: RunsDiff): string {
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

/** A line of the table of the runs as a whole. */
type Whole = readonly [name: string, measure: Measure, words: Words];

function wholeLines({ whole, by, before, after }: RunsDiff, style: TableStyle): string[] {
  const rows: Whole[] = [
    ...by === "wall" ? [["time", whole.wall, durationWords] as Whole] : [],
    ["CPU", whole.cpu, durationWords],
    ["processes", whole.count, count],
    ["failed", whole.failed, count],
  ];
  const runs = [before, after].map(({ frames }) => frames.length);
  const hasNoise = Math.max(...runs) > 1;
  const columns: Column<Whole>[] = [
    [runs.every((one) => one === 1) ? "" : `MEDIAN OF ${runs.join(" AND ")}`, ([name]) => name],
    ["BEFORE", ([, { before }, words]) => before === null ? UNKNOWN : words(before.median), true],
    ["AFTER", ([, { after }, words]) => after === null ? UNKNOWN : words(after.median), true],
    ["CHANGE", ([, measure, words]) => changeWords(measure, words), true],
    ...hasNoise ? [noiseColumn(([, measure, words]: Whole) => [measure, words])] : [],
  ];
  return table(rows, columns, style);
}

function commandColumns(rows: readonly CommandChange[]): Column<CommandChange>[] {
  const hasPath = rows.some(({ path }) => path.change !== null);
  const hasNoise = rows.some(({ wall }) => wall.noise !== null);
  return [
    ["WHAT", ({ kind }) => kind],
    ...hasPath
      ? [["WAITED", ({ path }) => changeWords(path, durationWords), true] as Column<CommandChange>]
      : [],
    ...hasNoise ? [noiseColumn((row: CommandChange) => [tellingOf(row), durationWords], 2)] : [],
    ["BEFORE", ({ wall, count }) => lastedWords(wall.before, count.before), true, 3],
    ["AFTER", ({ wall, count }) => lastedWords(wall.after, count.after), true, 3],
    ["CPU", ({ cpu }) => changeWords(cpu, durationWords), true, 1],
    ["COUNT", countWords, true],
    ["COMMAND", ({ command }) => command],
  ];
}

function noiseColumn<Row>(
  of: (row: Row) => readonly [Measure, Words],
  spare?: number,
): Column<Row> {
  const cell = (row: Row) => {
    const [{ noise }, words] = of(row);
    return noise === null ? UNKNOWN : words(noise);
  };
  return ["NOISE", cell, true, spare];
}

/** How long all of a command lasted; nothing where none ran. */
function lastedWords(wall: Spread | null, count: Spread | null): string {
  if (wall === null) return UNKNOWN;
  return count?.most === 0 ? "" : durationWords(wall.median);
}

function countWords({ count: { before, after } }: CommandChange): string {
  const [one, two] = [count(before!.median), count(after!.median)];
  return one === two ? two : `${one} > ${two}`;
}

function changeWords({ change }: Measure, words: Words): string {
  return change === null ? UNKNOWN : signed(change, words);
}

function signed(value: number, words: Words): string {
  if (value === 0) return "0";
  return `${value < 0 ? "-" : "+"}${words(Math.abs(value))}`;
}
