/**
 * Two commands, stretches or versions compared: what is new, gone, more often and slower, in one
 * run or several of each, so that noise is told from change. Pure.
 *
 * @module
 */
import { notesOf } from "./diff_notes.ts";
import { noiseOf, type Spread, spreadOf } from "./noise.ts";
import { type CommandSums, type RunSums, type Sums, sumsOf } from "./run_sums.ts";
import type { Frame, Spans } from "./span.ts";
import { commandOf } from "./words.ts";

/** A difference of less says nothing: nanoseconds, as long as a start takes; part of the run. */
const LEAST = { ns: 1_000_000, whole: 0.001 };
/** Where noise is not known: part of what it is of, part of the run. */
const LEAST_ALONE = { own: 0.05, whole: 0.005 };

export type { Spread } from "./noise.ts";

/** Something that both sides have. */
export interface Measure {
  /** Null where it is not known of a run. */
  readonly before: Spread | null;
  readonly after: Spread | null;
  /** Between the medians; null where one is not known. */
  readonly change: number | null;
  /** What chance makes of it; null where no side has several runs. */
  readonly noise: number | null;
  /** Whether the change is more than noise, or where that is not known, more than little. */
  readonly isBeyondNoise: boolean;
  /** The same, and what is not known cannot turn it round. */
  readonly isReal: boolean;
  /** Of how many processes of a run it is not known, so that the sums are at least these. */
  readonly unknown: { readonly before: number; readonly after: number };
}

/** What has become of a command. */
export type ChangeKind =
  | "new"
  | "gone"
  | "began to fail"
  | "fails more"
  | "fails less"
  | "stopped failing"
  | "more often"
  | "less often"
  | "slower"
  | "faster"
  | "waited more"
  | "waited less"
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
  /** How many are above the deepest that failed; 0 where none did. */
  readonly failedDepth: number;
}

/** What runs as a whole are measured by. */
export type WholeName = Exclude<keyof Sums, "unaccounted">;

/** What was compared. */
export interface DiffSide {
  readonly frames: readonly Frame[];
}

/** What is different. */
export interface RunsDiff {
  readonly before: DiffSide;
  readonly after: DiffSide;
  readonly whole: Readonly<Record<WholeName, Measure>>;
  /**
   * What of the whole says which side took more: how long a stretch is that is looked at says
   * nothing about what ran in it.
   */
  readonly by: "wall" | "cpu" | "count";
  /** What fails comes first, then what has made the runs slower; faster, where they are that. */
  readonly commands: readonly CommandChange[];
  /** What its reader must know, each a sentence. */
  readonly notes: readonly string[];
}

/** Compares runs; each side has at least one. */
export function diffRuns(before: readonly Spans[], after: readonly Spans[]): RunsDiff {
  const sides: Sides = [before.map(sumsOf), after.map(sumsOf)];
  const wholeOf = (name: WholeName) => measureOf(sides, ({ whole }) => whole, name, 0);
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
  const isFaster = whole[by].isBeyondNoise && whole[by].change! < 0;
  commands.sort((a, b) => {
    return compareFailed(a, b) || compare(isFaster ? b : a, isFaster ? a : b) || byName(a, b);
  });
  // What is the same stands last in either order.
  const changed = commands.filter(({ kind }) => kind !== "same");
  const same = commands.filter(({ kind }) => kind === "same");
  return {
    before: { frames: before.map(({ frame }) => frame) },
    after: { frames: after.map(({ frame }) => frame) },
    whole,
    by,
    commands: [...changed, ...same],
    notes: notesOf([before, after], sides, hasPath),
  };
}

type Sides = readonly [before: readonly RunSums[], after: readonly RunSums[]];
type Name = WholeName | "path";

/** Who has not run has cost nothing; null: it is not known of any. */
function valueOf(sums: Sums | CommandSums | undefined, name: Name): number | null {
  if (sums === undefined) return 0;
  if (name === "path") return "path" in sums ? sums.path : null;
  const isUnknown = name === "cpu" && sums.count > 0 && sums.unaccounted === sums.count;
  return isUnknown ? null : sums[name];
}

/** What differences say nothing, in any case and where noise is not known. */
interface Floor {
  readonly always: number;
  readonly own: number;
  readonly unknown: number;
}

/** Numbers of processes differ only where there is a reason; `whole` is how long runs took. */
function floorOf(name: Name, whole: number): Floor {
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
  const sumsIn = ({ commands }: RunSums) => commands.get(key);
  const of = (name: Name) => measureOf(sides, sumsIn, name, longest);
  const measures = {
    count: of("count"),
    failed: of("failed"),
    wall: of("wall"),
    cpu: of("cpu"),
    path: hasPath ? of("path") : UNKNOWN,
  };
  const depths = sides.flat().map((run) => sumsIn(run)?.failedDepth ?? 0);
  const examples = [...sides[1], ...sides[0]].map(({ commands }) => commands.get(key));
  const example = commandOf(examples.find((sums) => sums !== undefined)!.example);
  const failedDepth = Math.max(0, ...depths);
  return { kind: kindOf(measures), command: key, example, ...measures, failedDepth };
}

const KNOWN = { before: 0, after: 0 } as const;
const UNKNOWN: Measure = {
  ...{ before: null, after: null, change: null, noise: null, unknown: KNOWN },
  ...{ isBeyondNoise: false, isReal: false },
};

function measureOf(
  sides: Sides,
  sumsIn: (run: RunSums) => Sums | CommandSums | undefined,
  name: Name,
  whole: number,
): Measure {
  const [before, after] = sides.map((side) => side.map((run) => valueOf(sumsIn(run), name)));
  const [one, two] = [spreadOf(before!), spreadOf(after!)];
  const unknownIn = (side: readonly RunSums[]) => {
    return Math.max(...side.map((run) => sumsIn(run)?.unaccounted ?? 0));
  };
  const unknown = name === "cpu"
    ? { before: unknownIn(sides[0]), after: unknownIn(sides[1]) }
    : KNOWN;
  if (one === null || two === null) return { ...UNKNOWN, before: one, after: two, unknown };
  const change = two.median - one.median;
  const noise = noiseOf(before as number[], after as number[]);
  const floor = floorOf(name, whole);
  const little = Math.max(floor.unknown, floor.own * Math.max(one.median, two.median));
  const isBeyondNoise = Math.abs(change) > (noise ?? little) && Math.abs(change) >= floor.always;
  // What is at least so much can be more: that of the side which is told to have less is whole.
  const isSure = (change > 0 ? unknown.before : unknown.after) === 0;
  return {
    ...{ before: one, after: two, change, noise, unknown },
    ...{ isBeyondNoise, isReal: isBeyondNoise && isSure },
  };
}

/** By what it is told that a command has changed, beside its count. */
export function tellingOf({ path, cpu, wall }: Measures): Measure {
  return [path, cpu, wall].find(({ isReal }) => isReal) ?? (path.change === null ? wall : path);
}

type Measures = Pick<CommandChange, "count" | "path" | "cpu" | "wall">;

/**
 * Who only waits longer for others, or sleeps, lives longer and is not slower. Nor is who is waited
 * for longer and took no longer: something else ran beside it before.
 */
function kindOf(measures: Measures & Pick<CommandChange, "failed">): ChangeKind {
  const { count, failed, path, cpu, wall } = measures;
  if (isFirst(count.before!, count.after!)) return "new";
  if (isFirst(count.after!, count.before!)) return "gone";
  if (isFirst(failed.before!, failed.after!)) return "began to fail";
  if (isFirst(failed.after!, failed.before!)) return "stopped failing";
  const more = failed.isReal ? failsMore(count, failed) : 0;
  if (more !== 0) return more > 0 ? "fails more" : "fails less";
  if (count.isReal) return count.change! > 0 ? "more often" : "less often";
  if (cpu.isReal && !path.isReal) return cpu.change! > 0 ? "slower" : "faster";
  if (path.isReal) {
    const isMore = path.change! > 0;
    const isItsOwn = [cpu, wall].some(({ isReal, change }) => isReal && change! > 0 === isMore);
    if (isItsOwn) return isMore ? "slower" : "faster";
    return isMore ? "waited more" : "waited less";
  }
  if (wall.isReal) return wall.change! > 0 ? "longer" : "shorter";
  return "same";
}

/** Whether there was none in any run of one side, and some in each of the other. */
function isFirst(before: Spread, after: Spread): boolean {
  return before.most === 0 && after.least > 0;
}

/**
 * Whether more of its processes failed (1), or less (-1), than its other number lets expect: what
 * fails each time, and ran more often, fails no more than before.
 */
function failsMore(count: Measure, failed: Measure): number {
  const share = (side: "before" | "after") => failed[side]!.median / count[side]!.median;
  const [before, after] = [share("before"), share("after")];
  return Math.sign(failed.change!) === Math.sign(after - before) ? Math.sign(after - before) : 0;
}

/** Of what there is to be told of failures, what comes first. */
const RANKS: Partial<Record<ChangeKind, number>> = {
  ...{ "began to fail": 2, "fails more": 2 },
  ...{ "stopped failing": 1, "fails less": 1 },
};

/** What fails more comes first, the deepest before those that pass its failure on. */
function compareFailed(a: CommandChange, b: CommandChange): number {
  const rank = ({ kind, failed }: CommandChange) => {
    if (kind === "new") return failed.after!.least > 0 ? 2 : 0;
    return RANKS[kind] ?? 0;
  };
  return rank(b) - rank(a) || (rank(a) === 0 ? 0 : b.failedDepth - a.failedDepth);
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
