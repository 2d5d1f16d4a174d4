/**
 * Two commands, stretches or versions compared: what is new, gone, more often and slower, in one
 * run or several of each, so that noise is told from change. Pure.
 *
 * @module
 */
import { type CommandSums, type RunSums, type Sums, sumsOf } from "./run_sums.ts";
import type { Frame, Spans } from "./span.ts";
import { commandOf } from "./words.ts";

/** A difference of less says nothing: nanoseconds, as long as a start takes; part of the run. */
const LEAST = { ns: 1_000_000, whole: 0.001 };
/** Where noise is not known: part of what it is of, part of the run. */
const LEAST_ALONE = { own: 0.05, whole: 0.005 };

/** What one side's runs have of something. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** Something that both sides have. */
export interface Measure {
  /** Null where it is not known of a run. */
  readonly before: Spread | null;
  readonly after: Spread | null;
  /** Between the medians; null where one is not known. */
  readonly change: number | null;
  /** How far apart runs of one side are, the larger; null where no side has several. */
  readonly noise: number | null;
  /** Whether the change is more than noise, or where that is not known, more than little. */
  readonly isReal: boolean;
}

/** What has become of a command. */
export type ChangeKind =
  | "new"
  | "gone"
  | "more often"
  | "less often"
  | "slower"
  | "faster"
  | "longer"
  | "shorter"
  | "same";

/** A command on both sides. Times are nanoseconds. */
export interface CommandChange {
  readonly kind: ChangeKind;
  /** The command line without what is different each time. */
  readonly command: string;
  /** A whole one, the longest that ran. */
  readonly example: string;
  readonly count: Measure;
  readonly failed: Measure;
  readonly wall: Measure;
  readonly cpu: Measure;
  readonly path: Measure;
}

/** What was compared. */
export interface DiffSide {
  readonly frames: readonly Frame[];
}

/** What is different. */
export interface RunsDiff {
  readonly before: DiffSide;
  readonly after: DiffSide;
  readonly whole: Readonly<Record<keyof Sums, Measure>>;
  /**
   * What of the whole says which side took more: how long a stretch is that is looked at says
   * nothing about what ran in it.
   */
  readonly by: "wall" | "cpu" | "count";
  /** What has made the runs slower comes first; faster, where they are that. */
  readonly commands: readonly CommandChange[];
  /** What its reader must know, each a sentence. */
  readonly notes: readonly string[];
}

/** Compares runs; each side has at least one. */
export function diffRuns(before: readonly Spans[], after: readonly Spans[]): RunsDiff {
  const sides: Sides = [before.map(sumsOf), after.map(sumsOf)];
  const wholeOf = (name: keyof Sums) => {
    return measure(...eachSide(sides, ({ whole }) => whole[name]), floorOf(name, 0));
  };
  const whole = {
    count: wholeOf("count"),
    failed: wholeOf("failed"),
    wall: wholeOf("wall"),
    cpu: wholeOf("cpu"),
  };
  const keys = new Set(sides.flat().flatMap(({ commands }) => [...commands.keys()]));
  const hasPath = sides.flat().every(({ commands }) => {
    return [...commands.values()].every(({ path }) => path !== null);
  });
  const longest = Math.max(...sides.flat().map(({ whole }) => whole.wall));
  const commands = [...keys].map((key) => changeOf(key, sides, hasPath, longest));
  const by = hasPath ? "wall" : whole.cpu.change === null ? "count" : "cpu";
  const isFaster = (whole[by].change ?? 0) < 0;
  commands.sort((a, b) => compare(isFaster ? b : a, isFaster ? a : b) || byName(a, b));
  // What is the same stands last in either order.
  const changed = commands.filter(({ kind }) => kind !== "same");
  const same = commands.filter(({ kind }) => kind === "same");
  return {
    before: { frames: before.map(({ frame }) => frame) },
    after: { frames: after.map(({ frame }) => frame) },
    whole,
    by,
    commands: [...changed, ...same],
    notes: notesOf(before, after, hasPath),
  };
}

type Sides = readonly [before: readonly RunSums[], after: readonly RunSums[]];
type Values = readonly (number | null)[];

function eachSide(
  [before, after]: Sides,
  valueOf: (run: RunSums) => number | null,
): readonly [Values, Values] {
  return [before.map(valueOf), after.map(valueOf)];
}

/** What differences say nothing, in any case and where noise is not known. */
interface Floor {
  readonly always: number;
  readonly own: number;
  readonly unknown: number;
}

/** Numbers of processes differ only where there is a reason; `whole` is how long runs took. */
function floorOf(name: keyof CommandSums | keyof Sums, whole: number): Floor {
  if (name === "count" || name === "failed") return { always: 0, own: 0, unknown: 0 };
  return {
    always: Math.max(LEAST.ns, LEAST.whole * whole),
    own: LEAST_ALONE.own,
    unknown: LEAST_ALONE.whole * whole,
  };
}

function changeOf(
  key: string,
  sides: Sides,
  hasPath: boolean,
  longest: number,
): CommandChange {
  const measureOf = (name: "count" | "failed" | "wall" | "cpu" | "path") => {
    const values = eachSide(sides, ({ commands }) => {
      const sums = commands.get(key);
      // Who has not run has cost nothing.
      return sums === undefined ? 0 : sums[name];
    });
    return measure(...values, floorOf(name, longest));
  };
  const unknown = { before: null, after: null, change: null, noise: null, isReal: false };
  const measures = {
    count: measureOf("count"),
    failed: measureOf("failed"),
    wall: measureOf("wall"),
    cpu: measureOf("cpu"),
    path: hasPath ? measureOf("path") : unknown,
  };
  const examples = [...sides[1], ...sides[0]].map(({ commands }) => commands.get(key));
  const example = commandOf(examples.find((sums) => sums !== undefined)!.example);
  return { kind: kindOf(measures), command: key, example, ...measures };
}

function measure(before: Values, after: Values, floor: Floor): Measure {
  const [one, two] = [spreadOf(before), spreadOf(after)];
  if (one === null || two === null) {
    return { before: one, after: two, change: null, noise: null, isReal: false };
  }
  const change = two.median - one.median;
  const isKnown = before.length > 1 || after.length > 1;
  const noise = isKnown ? Math.max(one.most - one.least, two.most - two.least) : null;
  const little = Math.max(floor.unknown, floor.own * Math.max(one.median, two.median));
  const isReal = Math.abs(change) > (noise ?? little) && Math.abs(change) >= floor.always;
  return { before: one, after: two, change, noise, isReal };
}

/** Null where one is not known. */
function spreadOf(values: Values): Spread | null {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  if (known.length < values.length) return null;
  const middle = known.length >> 1;
  const upper = known[middle]!;
  const median = known.length % 2 === 1 ? upper : (known[middle - 1]! + upper) / 2;
  return { median, least: known[0]!, most: known.at(-1)! };
}

/** By what it is told that a command has changed, beside its count. */
export function tellingOf({ path, cpu, wall }: Measures): Measure {
  return [path, cpu, wall].find(({ isReal }) => isReal) ?? (path.change === null ? wall : path);
}

type Measures = Pick<CommandChange, "count" | "path" | "cpu" | "wall">;

/** Who only waits longer for others, or sleeps, lives longer and is not slower. */
function kindOf({ count, path, cpu, wall }: Measures): ChangeKind {
  if (count.before!.most === 0 && count.after!.least > 0) return "new";
  if (count.after!.most === 0 && count.before!.least > 0) return "gone";
  if (count.isReal) return count.change! > 0 ? "more often" : "less often";
  for (const { isReal, change } of [path, cpu]) {
    if (isReal) return change! > 0 ? "slower" : "faster";
  }
  if (wall.isReal) return wall.change! > 0 ? "longer" : "shorter";
  return "same";
}

/** What took more comes first: on the path, of CPU, at all. */
function compare(a: CommandChange, b: CommandChange): number {
  return weight(b.path) - weight(a.path) || weight(b.cpu) - weight(a.cpu) ||
    weight(b.wall) - weight(a.wall) || weight(b.count) - weight(a.count);
}

/** What may be noise does not stand before what is none. */
function weight({ change, isReal }: Measure): number {
  return isReal ? change! : 0;
}

function byName(a: CommandChange, b: CommandChange): number {
  return a.command < b.command ? -1 : a.command > b.command ? 1 : 0;
}

function notesOf(before: readonly Spans[], after: readonly Spans[], hasPath: boolean): string[] {
  const all = [...before, ...after].map(({ frame }) => frame);
  const notes: string[] = [];
  if (all.length === 2) {
    notes.push("there is one run on each side, so noise is not known: several tell it from change");
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
  if (!hasPath) notes.push("not all have one first process: what they waited for is not known");
  const isAccounted = [...before, ...after].every(({ spans }) => {
    return spans.every(({ cost }) => cost !== null);
  });
  if (!isAccounted) notes.push("of some processes it is not known what they have cost");
  return notes;
}
