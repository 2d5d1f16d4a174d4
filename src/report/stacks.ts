/**
 * What processes weigh, summed up over lineages: names from the first ancestor down.
 *
 * @module
 */
import { inFamilies, type Kin, kinOf, NONE } from "./kin.ts";
import { endOf } from "./end.ts";
import { nameOf } from "./words.ts";
import type { Spans } from "./span.ts";
import type { Weight } from "./weights.ts";

/** A line of ancestors may be as long as a history; who is further down counts for this one. */
export const DEPTH_MAX = 512;

/** All processes that have the same name and the same names above them. */
export interface Stack {
  /** The stack of those that have started these; null for the first. */
  readonly above: Stack | null;
  readonly depth: number;
  readonly name: string;
  /** Nanoseconds, or a count. */
  readonly weights: Record<Weight, number>;
}

/** Stacks, each behind the one above it. */
export function stacksOf(spans: Spans): Stack[] {
  const kin = kinOf(spans.spans);
  const alone = timesAlone(spans, kin);
  const stacks: Stack[] = [];
  const below = new Map<Stack | null, Map<string, Stack>>();
  const of = new Array<Stack | null>(spans.spans.length).fill(null);
  const find = (above: Stack | null, name: string): Stack => {
    if (above !== null && above.depth >= DEPTH_MAX) return above;
    let names = below.get(above);
    if (names === undefined) below.set(above, names = new Map());
    let stack = names.get(name);
    if (stack === undefined) {
      const weights = { wall: 0, cpu: 0, count: 0, failures: 0 };
      stack = { above, depth: (above?.depth ?? 0) + 1, name, weights };
      names.set(name, stack);
      stacks.push(stack);
    }
    return stack;
  };
  for (const place of inFamilies(kin)) {
    const span = spans.spans[place]!;
    const above = kin.parent[place]!;
    const stack = find(above === NONE ? null : of[above]!, nameOf(span));
    of[place] = stack;
    const { weights } = stack;
    weights.wall += alone[place]!;
    weights.cpu += span.cost === null ? 0 : span.cost.user_ns + span.cost.system_ns;
    weights.count++;
    if (span.status !== null && span.status !== 0) weights.failures++;
  }
  return stacks;
}

/** Nanoseconds within the frame in which each lived and none of its children did. */
function timesAlone(spans: Spans, { firstChild, nextSibling }: Kin): Float64Array {
  const clip = (ns: number) => Math.min(Math.max(ns, 0), spans.frame.lengthNs);
  return Float64Array.from(spans.spans, (span, place) => {
    const [since, until] = [clip(span.start), clip(endOf(span, spans))];
    let alone = until - since;
    // Children stand in the order of their starts.
    let covered = since;
    for (let at = firstChild[place]!; at !== NONE; at = nextSibling[at]!) {
      const child = spans.spans[at]!;
      const begin = Math.max(clip(child.start), covered);
      const end = Math.min(clip(endOf(child, spans)), until);
      if (end <= begin) continue;
      alone -= end - begin;
      covered = end;
    }
    return alone;
  });
}
