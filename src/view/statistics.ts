/**
 * The summary that `fh watch --stats` ends with.
 *
 * @module
 */
import type { Statistics, TopCount } from "../model/statistics.ts";
import { escapeText } from "../text/escape.ts";
import { durationWords } from "../text/words.ts";

const TOP = 10;

/** The summary as lines; `elapsedNs` is how long was watched. */
export function renderStatistics(statistics: Statistics, elapsedNs: number): string[] {
  const { kinds } = statistics;
  const seconds = Math.max(elapsedNs, 1) / 1e9;
  const counts = [...kinds].filter(([kind]) => kind !== "gap" && kind !== "snapshot")
    .map(([kind, count]) => `${kind} ${count}`);
  const forks = kinds.get("fork") ?? 0;
  const missed = statistics.missed > 0 ? `, missed tasks ${statistics.missed}` : "";
  const lines = [
    `watched ${durationWords(elapsedNs)}: ${counts.join(", ") || "no events"}`,
    `forks per second ${(forks / seconds).toFixed(1)}, failed exits ${statistics.failed}, ` +
    `lost events ${lostWords(statistics)}${missed}`,
  ];
  return [
    ...lines,
    ...table("forked most", statistics.forkers),
    ...table("started most", statistics.commands),
  ];
}

function lostWords({ lost, uncounted }: Statistics): string {
  if (uncounted === 0) return String(lost);
  const gaps = uncounted === 1 ? "1 gap" : `${uncounted} gaps`;
  return `${lost}, and nobody knows how many in ${gaps}`;
}

function table(title: string, counts: TopCount): string[] {
  const rows = counts.top(TOP);
  if (rows.length === 0) return [];
  return [`${title}:`, ...rows.map(([name, n]) => `${String(n).padStart(9)}  ${escapeText(name)}`)];
}
