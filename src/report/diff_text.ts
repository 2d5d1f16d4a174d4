/**
 * What is different between runs, for people.
 *
 * @module
 */
import { type Column, table, type TableStyle } from "../text/table.ts";
import { durationWords } from "../text/words.ts";
import { wrap } from "../text/wrap.ts";
import { type CommandChange, type Measure, type RunsDiff, tellingOf } from "./diff.ts";
import {
  changeWords,
  countWords,
  headline,
  lastedWords,
  sideWords,
  UNKNOWN,
  type Whole,
  wholesOf,
  type Words,
} from "./diff_words.ts";

/** Rows on a terminal; a file has all that has changed. */
const ROWS = 15;
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
      : table(shown, commandColumns(shown), style),
    ...more > 0 ? [`and ${more} more; a file (-o) or a pipe has all of them`] : [],
    ...diff.notes.length === 0 ? [] : [""],
    ...diff.notes.flatMap((note) => wrap(note, style.width)),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function wholeLines(diff: RunsDiff, style: TableStyle): string[] {
  const runs = [diff.before, diff.after].map(({ frames }) => frames.length);
  const hasNoise = Math.max(...runs) > 1;
  const columns: Column<Whole>[] = [
    [hasNoise ? `MEDIAN OF ${runs.join(" AND ")}` : "", ([name]) => name],
    ["BEFORE", ([, measure, words]) => sideWords(measure, words).before, true],
    ["AFTER", ([, measure, words]) => sideWords(measure, words).after, true],
    ["CHANGE", ([, measure, words]) => changeWords(measure, words), true],
    ...hasNoise ? [noiseColumn(([, measure, words]: Whole) => [measure, words])] : [],
  ];
  return table(wholesOf(diff), columns, style);
}

function commandColumns(rows: readonly CommandChange[]): Column<CommandChange>[] {
  const hasPath = rows.some(({ path }) => path.change !== null);
  const hasFailed = rows.some(({ failed: { before, after } }) => before!.most + after!.most > 0);
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
    ["COUNT", ({ count }) => countWords(count), true],
    ...hasFailed
      ? [["FAILED", ({ failed }) => countWords(failed), true] as Column<CommandChange>]
      : [],
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
