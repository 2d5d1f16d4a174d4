/**
 * What who compares runs must know beside the differences.
 *
 * @module
 */
import { statusesOf } from "./diff_words.ts";
import { notesOfFrame } from "./frame_notes.ts";
import type { RunSums } from "./run_sums.ts";
import type { Frame, Spans } from "./span.ts";

/** Of the runs of both sides. */
type Both<T> = readonly [before: readonly T[], after: readonly T[]];

/** Sentences; `sums` are those of the runs. */
export function notesOf(
  [before, after]: Both<Spans>,
  sums: Both<RunSums>,
  hasPath: boolean,
): string[] {
  const all = [...before, ...after].map(({ frame }) => frame);
  const notes = statusNotes(before, after);
  if (all.length === 2) {
    notes.push(
      "there is one run on each side, so noise cannot be told: several tell it from change",
    );
  } else if (before.length === 1 || after.length === 1) {
    const [which, other] = before.length === 1 ? ["before", "after"] : ["after", "before"];
    notes.push(`there is one run ${which}, so noise is that of the runs ${other} alone`);
  }
  const told = (name: string, valueOf: (frame: Frame) => unknown) => {
    const values = [...new Set(all.map(valueOf).filter((value) => value !== null))];
    if (values.length > 1) notes.push(`they ran with different ${name}: ${values.join(", ")}`);
  };
  told("hosts", ({ host }) => host);
  told("numbers of CPUs", ({ cpus }) => cpus);
  told("sources", ({ source }) => source);
  const lossy = all.filter(({ gaps }) => gaps.length > 0).length;
  if (lossy > 0) notes.push(`${lossy} of ${all.length} runs lack events that were lost`);
  notes.push(...savedNotes(before, after));
  if (!hasPath) notes.push("not all have one first process: what they waited for is not known");
  return [...notes, ...unaccountedNotes(sums)];
}

/** What was noted of the runs, and of which side where it is not that of both. */
function savedNotes(before: readonly Spans[], after: readonly Spans[]): string[] {
  const of = (runs: readonly Spans[]) => new Set(runs.flatMap(({ frame }) => notesOfFrame(frame)));
  const [one, two] = [of(before), of(after)];
  return [
    ...[...one].map((note) => two.has(note) ? note : `before: ${note}`),
    ...[...two].filter((note) => !one.has(note)).map((note) => `after: ${note}`),
  ];
}

/** A run that fails ends early, or does less. */
function statusNotes(before: readonly Spans[], after: readonly Spans[]): string[] {
  const [one, two] = [before, after].map((runs) => {
    return statusesOf({ frames: runs.map(({ frame }) => frame) });
  });
  if (one === two || one === "" || two === "") return [];
  return [`the command ended with ${one} before and ${two} after: a run that fails does less`];
}

/** What is not in the sums of CPU time, or only as a part. */
function unaccountedNotes(sides: Both<RunSums>): string[] {
  const sum = (side: readonly RunSums[], of: (run: RunSums) => number) => {
    return side.reduce((all, run) => all + of(run), 0);
  };
  const [before, after] = sides.map((side) => ({
    missing: sum(side, ({ whole }) => whole.unaccounted),
    count: sum(side, ({ whole }) => whole.count),
  }));
  const notes: string[] = [];
  if (before!.missing + after!.missing > 0) {
    notes.push(
      `it is not known what ${before!.missing} of ${before!.count} processes before and ` +
        `${after!.missing} of ${after!.count} after have cost: CPU times are those of the others`,
    );
  }
  const cut = sides.flat().reduce((all, run) => all + run.cut, 0);
  if (cut > 0) {
    notes.push(
      `${cut} processes have lived beyond what is looked at: ` +
        "of their CPU times the same part counts",
    );
  }
  return notes;
}
