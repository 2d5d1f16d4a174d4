/**
 * An end at which one process at a time works, after many did.
 *
 * @module
 */
import { durationWords } from "../../text/words.ts";
import type { Hint, HintStretch } from "../hints.ts";
import { type Family, type Level, levels, total } from "./family.ts";

/** What is shorter is no long tail: a second, or a tenth of what is drawn. */
const TAIL_MIN_NS = 1e9;
const TAIL_MIN_SHARE = 0.1;
/** Short helpers side by side do not end a tail. */
const OVERLAP_MAX_SHARE = 0.05;
/** How many worked at once before: where it was less, the whole build is serial. */
const BEFORE_MIN = 1.5;
/** Of a CPU that has to be left over. */
const IDLE_MIN_CPUS = 0.75;

/** At work is who lives and has no child that lives; at most one hint. */
export function serialTail(family: Family): Hint[] {
  const { root, frame } = family;
  if (root < 0 || frame.cpus === null || frame.cpus < 2) return [];
  const life = family.life(root);
  const wholeNs = life.to - life.from;
  const leastNs = Math.max(TAIL_MIN_NS, wholeNs * TAIL_MIN_SHARE);
  const all = [root, ...family.below(root)];
  // Few have lived in the least tail, and most often they say that there is none.
  const last = { from: life.to - leastNs, to: life.to };
  const late = all.filter((index) => (family.spans[index]!.end ?? Infinity) > last.from);
  if (overlapOf(cut(workOf(family, late), last)) > wholeNs * OVERLAP_MAX_SHARE) return [];
  const work = workOf(family, all);
  const at = levels(work).filter(({ from }) => from < life.to);
  const from = beginOfTail(at, life);
  const tail = { from, to: life.to };
  const tailNs = tail.to - tail.from;
  if (tailNs < leastNs) return [];
  const before = at.reduce((sum, step) => {
    return sum + step.level * Math.max(0, Math.min(step.to, from) - step.from);
  }, 0) / (from - life.from);
  if (!(before >= BEFORE_MIN)) return [];
  const inTail = cut(work, tail);
  const cpus = cpusIn(family, inTail, tailNs);
  if (cpus !== null && cpus > frame.cpus - IDLE_MIN_CPUS) return [];
  const moreNs = total(at.filter(({ level, from }) => level > 1 && from >= tail.from));
  const [most, mostNs] = longest(inTail);
  const load = cpus === null ? "" : `, with ${cpus.toFixed(1)} of ${frame.cpus} CPUs used`;
  const but = moreNs === 0 ? "" : `, but for ${durationWords(moreNs)}`;
  const { pid } = family.spans[most]!;
  return [{
    kind: "serial tail",
    words: `one process at a time worked in the last ${durationWords(tailNs)} of ` +
      `${durationWords(wholeNs)}${but}${load}: most of all ${family.name(most)} (${pid}), ` +
      `${durationWords(mostNs)}; before, ${before.toFixed(1)} worked at once`,
    advice: "see whether what works last can start earlier, or can be split",
    stretches: [tail],
    spans: [...new Set(inTail.map(({ index }) => index))].sort((a, b) => a - b),
    weightNs: tailNs,
  }];
}

type Work = HintStretch & { readonly index: number };

function workOf(family: Family, some: readonly number[]): Work[] {
  const work: Work[] = [];
  for (const index of some) addOwnTime(family, index, work);
  return work;
}

/** Nanoseconds in which more than one worked. */
function overlapOf(work: readonly Work[]): number {
  return total(levels(work).filter(({ level }) => level > 1));
}

/** Adds when it lived and had no child that did. */
function addOwnTime(family: Family, index: number, work: Work[]): void {
  const { from, to } = family.life(index);
  let at = from;
  for (const child of family.children(index)) {
    if (at >= to) return;
    const life = family.life(child);
    if (life.from === life.to) continue;
    if (life.from > at) work.push({ from: at, to: Math.min(life.from, to), index });
    at = Math.max(at, life.to);
  }
  if (at < to) work.push({ from: at, to, index });
}

/** Since when, up to the end, hardly ever more than one worked. */
function beginOfTail(
  at: readonly Level[],
  life: HintStretch,
): number {
  let begin = life.to;
  let overlapNs = 0;
  for (const { from, to, level } of at.toReversed()) {
    if (level > 1) overlapNs += Math.min(to, life.to) - from;
    if (overlapNs > (life.to - life.from) * OVERLAP_MAX_SHARE) break;
    if (level === 1 && overlapNs <= (life.to - from) * OVERLAP_MAX_SHARE) begin = from;
  }
  return begin;
}

function cut(work: readonly Work[], { from, to }: HintStretch): Work[] {
  return work.filter((part) => part.to > from && part.from < to)
    .map((part) => ({ ...part, from: Math.max(from, part.from), to: Math.min(to, part.to) }));
}

/** CPUs used in the tail, each CPU time spread evenly over its life; null where not known. */
function cpusIn(family: Family, work: readonly Work[], tailNs: number): number | null {
  let sum = 0;
  for (const { index, from, to } of work) {
    const cpuNs = family.cpuNs([index]);
    if (cpuNs === null) return null;
    sum += cpuNs * (to - from) / Math.max(1, family.lengthNs(index));
  }
  return sum / tailNs;
}

function longest(work: readonly Work[]): [index: number, ns: number] {
  const sums = new Map<number, number>();
  for (const { index, from, to } of work) sums.set(index, (sums.get(index) ?? 0) + to - from);
  return [...sums].reduce((most, one) => one[1] > most[1] ? one : most);
}
