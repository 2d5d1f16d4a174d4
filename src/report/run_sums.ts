/**
 * What the commands of one run took: how often, how long, at what cost, and on the critical path.
 *
 * @module
 */
import { criticalPath } from "../model/critical_path.ts";
import { CommandKeys } from "./command_key.ts";
import { endOf } from "./end.ts";
import { type Kin, kinOf, NONE } from "./kin.ts";
import type { Span, SpanImage, Spans } from "./span.ts";
import { hasFailed } from "./words.ts";

/** Sums over processes; times are nanoseconds. */
export interface Sums {
  /** Processes. */
  count: number;
  failed: number;
  /** Of a command its lives together; of a run from its begin to its end. */
  wall: number;
  /** CPU time; null where that of one of them is not known. */
  cpu: number | null;
}

/** The sums of the processes of one command. */
export interface CommandSums extends Sums {
  /** How long the end of the run waited for them and nothing else; null: it has no one end. */
  path: number | null;
  /** What the one ran that lived longest, and how long that was. */
  example: SpanImage;
  longest: number;
}

/** The sums of one run. */
export interface RunSums {
  readonly whole: Sums;
  /** By what stands for their command lines: {@linkcode CommandKeys}. */
  readonly commands: ReadonlyMap<string, CommandSums>;
}

/** The sums of all processes of a run. */
export function sumsOf(spans: Spans): RunSums {
  const kin = kinOf(spans.spans);
  const root = rootOf(spans, kin);
  const keys = new CommandKeys(spans, kin, root);
  const waited = root === NONE ? null : waitedFor(spans, kin, root);
  const whole: Sums = { count: 0, failed: 0, wall: wallOf(spans, root), cpu: 0 };
  const commands = new Map<string, CommandSums>();
  for (const [place, span] of spans.spans.entries()) {
    const wall = endOf(span, spans) - Math.max(0, span.start);
    const key = keys.of(place);
    let sums = commands.get(key);
    if (sums === undefined) {
      const { image: example } = span;
      sums = { count: 0, failed: 0, wall: 0, cpu: 0, path: null, example, longest: wall };
      commands.set(key, sums);
    }
    for (const each of [whole, sums]) {
      each.count++;
      if (hasFailed(span)) each.failed++;
      const cpu = cpuOf(span);
      each.cpu = each.cpu === null || cpu === null ? null : each.cpu + cpu;
    }
    sums.wall += wall;
    if (waited !== null) sums.path = (sums.path ?? 0) + waited[place]!;
    if (wall > sums.longest) [sums.longest, sums.example] = [wall, span.image];
  }
  return { whole, commands };
}

function cpuOf({ cost }: Span): number | null {
  return cost === null ? null : cost.user_ns + cost.system_ns;
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
    last = Math.max(last, endOf(span, spans));
  }
  return Math.max(0, last - Math.min(first, last));
}
