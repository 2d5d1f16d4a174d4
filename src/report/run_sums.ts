/**
 * What the commands of one run took: how often, how long, at what cost, and on the critical path.
 *
 * @module
 */
import { criticalPath } from "../model/critical_path.ts";
import { CommandKeys } from "./command_key.ts";
import { endOf } from "./end.ts";
import { inFamilies, type Kin, kinOf, NONE } from "./kin.ts";
import type { Span, SpanImage, Spans } from "./span.ts";
import { hasFailed } from "./words.ts";

/** Sums over processes; times are nanoseconds. */
export interface Sums {
  /** Processes. */
  count: number;
  failed: number;
  /** Of a command its lives together; of a run from its begin to its end. */
  wall: number;
  /** CPU time of those of which it is known. */
  cpu: number;
  /** Of how many it is not. */
  unaccounted: number;
}

/** The sums of the processes of one command. */
export interface CommandSums extends Sums {
  /** How long the end of the run waited for them and nothing else; null: it has no one end. */
  path: number | null;
  /** How many are above the deepest that failed; 0 where none did. */
  failedDepth: number;
  /** What the one ran that lived longest, and how long that was. */
  example: SpanImage;
  longest: number;
}

/** The sums of one run. */
export interface RunSums {
  readonly whole: Sums;
  /** By what stands for their command lines: {@linkcode CommandKeys}. */
  readonly commands: ReadonlyMap<string, CommandSums>;
  /** How many have lived beyond what is looked at, and taken CPU time. */
  readonly cut: number;
}

/** The sums of all processes of a run. */
export function sumsOf(spans: Spans): RunSums {
  const kin = kinOf(spans.spans);
  const root = rootOf(spans, kin);
  const keys = new CommandKeys(spans, kin, root);
  const waited = root === NONE ? null : waitedFor(spans, kin, root);
  const depths = depthsOf(kin);
  const none = { count: 0, failed: 0, wall: 0, cpu: 0, unaccounted: 0 };
  const whole: Sums = { ...none, wall: wallOf(spans, root) };
  const commands = new Map<string, CommandSums>();
  let cut = 0;
  for (const [place, span] of spans.spans.entries()) {
    const { wall, cpu, isCut } = shownOf(span, spans);
    if (isCut) cut++;
    const key = keys.of(place);
    let sums = commands.get(key);
    if (sums === undefined) {
      const { image: example } = span;
      sums = { ...none, path: null, failedDepth: 0, example, longest: wall };
      commands.set(key, sums);
    }
    for (const each of [whole, sums]) {
      each.count++;
      if (hasFailed(span)) each.failed++;
      if (cpu === null) each.unaccounted++;
      else each.cpu += cpu;
    }
    if (hasFailed(span)) sums.failedDepth = Math.max(sums.failedDepth, depths[place]!);
    sums.wall += wall;
    if (waited !== null) sums.path = (sums.path ?? 0) + waited[place]!;
    if (wall > sums.longest) [sums.longest, sums.example] = [wall, span.image];
  }
  return { whole, commands, cut };
}

/** How many are above each. */
function depthsOf(kin: Kin): Int32Array {
  const depths = new Int32Array(kin.parent.length);
  for (const place of inFamilies(kin)) {
    const above = kin.parent[place]!;
    if (above !== NONE) depths[place] = depths[above]! + 1;
  }
  return depths;
}

/** What of a life is looked at; of its CPU time the same part, as if it were spread evenly. */
interface Shown {
  readonly wall: number;
  readonly cpu: number | null;
  /** Only a part of its CPU time. */
  readonly isCut: boolean;
}

function shownOf(span: Span, spans: Spans): Shown {
  const { start, cost } = span;
  const end = endOf(span, spans);
  const from = Math.max(0, start);
  const wall = Math.max(0, Math.min(end, spans.frame.lengthNs) - from);
  if (cost === null) return { wall, cpu: null, isCut: false };
  const cpu = cost.user_ns + cost.system_ns;
  const whole = end - start;
  const isCut = wall < whole && cpu > 0;
  return { wall, cpu: isCut ? cpu * wall / whole : cpu, isCut };
}

/**
 * The process at whose end all is over: that of the command, or the only one that nobody here has
 * forked, if it began and ended here.
 */
export function rootOf({ frame, spans }: Spans, kin: Kin = kinOf(spans)): number {
  const { parent, firstRoot, nextSibling } = kin;
  const root = frame.run?.root ?? null;
  if (root !== null) {
    const place = spans.findIndex(({ id }) => id === root);
    return place >= 0 && parent[place] === NONE ? place : NONE;
  }
  if (firstRoot === NONE || nextSibling[firstRoot] !== NONE) return NONE;
  const { start, isStartKnown, end } = spans[firstRoot]!;
  return isStartKnown && start >= 0 && end !== null ? firstRoot : NONE;
}

/** How long all waited for each, nanoseconds. */
function waitedFor(spans: Spans, { parent }: Kin, root: number): Float64Array {
  const { spans: all } = spans;
  const waited = new Float64Array(all.length);
  const lives = {
    count: all.length,
    starts: Float64Array.from(all, ({ start }) => start),
    ends: Float64Array.from(all, (span) => endOf(span, spans)),
    parents: parent,
  };
  for (const { index, from, to } of criticalPath(lives, root)) waited[index]! += to - from;
  return waited;
}

/** From the begin of a run to its end, nanoseconds. */
export function wallOf(spans: Spans, root: number): number {
  if (root !== NONE) {
    const first = spans.spans[root]!;
    return endOf(first, spans) - first.start;
  }
  let [first, last] = [Infinity, 0];
  for (const span of spans.spans) {
    first = Math.min(first, Math.max(0, span.start));
    last = Math.max(last, Math.min(endOf(span, spans), spans.frame.lengthNs));
  }
  return Math.max(0, last - Math.min(first, last));
}
