/**
 * What the reader of a report has to know of it, in sentences. Pure.
 *
 * @module
 */
import type { Model } from "./model.ts";
import { count, duration } from "./said.ts";

/** All of it, losses first. */
export function notesOf({ frame, head, count: all }: Model): string[] {
  const told = [...lossesOf(frame.gaps), ...frame.notes];
  if (head.accounted < all && head.accounted > 0) {
    told.push(`What it cost is known of ${count(head.accounted)} of ${count(all)} processes.`);
  }
  return told;
}

function lossesOf(gaps: Model["frame"]["gaps"]): string[] {
  const [first] = gaps;
  if (first === undefined) return [];
  const many = lostOf(gaps);
  const { since, until, reason } = first;
  const when = `from +${duration(since / 1000)} on, in ${duration((until - since) / 1000)}`;
  if (gaps.length === 1) {
    return [`${many} were lost ${when}: ${reason}. That is marked on the timeline.`];
  }
  const often = new Map<string, number>();
  for (const gap of gaps) often.set(gap.reason, (often.get(gap.reason) ?? 0) + 1);
  const reasons = [...often].map(([name, times]) => `${name} (${count(times)})`);
  const where = `in ${count(gaps.length)} stretches, the first ${when}`;
  return [`${many} were lost ${where}: ${reasons.join(", ")}. They are marked on the timeline.`];
}

function lostOf(gaps: Model["frame"]["gaps"]): string {
  const known = gaps.reduce((sum, { lost }) => sum + (lost ?? 0), 0);
  const areAll = gaps.every(({ lost }) => lost !== null);
  if (known === 0 && !areAll) return "An unknown number of events";
  return `${areAll ? "" : "At least "}${count(known)} ${known === 1 ? "event" : "events"}`;
}
