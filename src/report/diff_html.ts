/**
 * What is different between runs as one page, with the timelines of both.
 *
 * @module
 */
import { durationWords } from "../text/words.ts";
import { type MarkedSpans, pageData } from "./columns.ts";
import { CommandKeys } from "./command_key.ts";
import { spansPath } from "./critical_path.ts";
import type { CommandChange, Measure, RunsDiff } from "./diff.ts";
import {
  changeWords,
  countWords,
  headline,
  lastedWords,
  sideWords,
  wholesOf,
} from "./diff_words.ts";
import { pageOf } from "./html.ts";
import { kinOf } from "./kin.ts";
import type { DiffPage, DiffRow } from "./page/diff_data.ts";
import { pack } from "./page/packed.ts";
import { rootOf, wallOf } from "./run_sums.ts";
import type { Spans } from "./span.ts";

/**
 * The page, HTML in UTF-8. Of several runs on a side the one of the median time is drawn; `now` is
 * the time, milliseconds since the Unix epoch.
 */
export function diffHtml(
  diff: RunsDiff,
  before: readonly Spans[],
  after: readonly Spans[],
  now: number,
): string {
  const changed = diff.commands.filter(({ kind }) => kind !== "same");
  const [one, two] = onOneScale(medianOf(before), medianOf(after));
  const sides = [one, two].map((spans) => pack(pageData(spans, now, marksOf(spans, changed))));
  const page: DiffPage = {
    headline: headline(diff),
    wholes: wholesOf(diff).map(([name, measure, words]) => {
      const { before, after } = sideWords(measure, words);
      return [name, before, after, changeWords(measure, words)];
    }),
    runs: [before.length, after.length],
    rows: changed.map(rowOf),
    notes: diff.notes,
  };
  const title = `${one.frame.title}: before and after`;
  return pageOf(title, [...sides, new TextEncoder().encode(JSON.stringify(page))]);
}

/** Of an even number the faster one. */
function medianOf(runs: readonly Spans[]): Spans {
  const lasted = new Map(runs.map((spans) => [spans, wallOf(spans, rootOf(spans))]));
  const sorted = [...runs].sort((a, b) => lasted.get(a)! - lasted.get(b)!);
  return sorted[(sorted.length - 1) >> 1]!;
}

/** As long as the longer one, so that a second is as wide in both; what runs is no longer. */
function onOneScale(one: Spans, two: Spans): readonly [Spans, Spans] {
  const lengthNs = Math.max(one.frame.lengthNs, two.frame.lengthNs);
  const as = ({ frame, spans }: Spans): Spans => {
    return { spans, frame: { ...frame, lengthNs, seenNs: frame.lengthNs } };
  };
  return [as(one), as(two)];
}

/** For each change its processes in a run, and when the end waited for them. */
function marksOf(spans: Spans, changed: readonly CommandChange[]): MarkedSpans[] {
  const keys = new CommandKeys(spans, kinOf(spans.spans), rootOf(spans));
  const keyOf = spans.spans.map((_, place) => keys.of(place));
  const marks = new Map(changed.map(({ command }) => {
    const mark = { kind: "change", words: "", advice: "", spans: [], stretches: [] };
    return [command, mark as MarkedSpans & { spans: number[]; stretches: unknown[] }];
  }));
  keyOf.forEach((key, place) => marks.get(key)?.spans.push(place));
  for (const { index, from, to } of spansPath(spans)) {
    marks.get(keyOf[index]!)?.stretches.push({ from, to });
  }
  return [...marks.values()];
}

function rowOf(change: CommandChange): DiffRow {
  const { kind, command, path, wall, cpu, count, failed } = change;
  const medianOf = ({ before, after }: Measure) => [before?.median ?? null, after?.median ?? null];
  const [before, after] = medianOf(wall);
  return {
    change: kind,
    command,
    waited: path.change,
    waitedText: changeWords(path, durationWords),
    before: before!,
    beforeText: lastedWords(wall.before, count.before),
    after: after!,
    afterText: lastedWords(wall.after, count.after),
    cpu: cpu.change,
    cpuText: changeWords(cpu, durationWords),
    count: count.change,
    countText: countWords(count),
    failed: failed.change,
    failedText: failed.before!.most + failed.after!.most === 0 ? "" : countWords(failed),
  };
}
