/**
 * What could make a build faster, as far as its processes show. A hint says what was measured.
 * Pure.
 *
 * @module
 */
import { configureRepeats } from "./hints/configure_repeats.ts";
import { Family } from "./hints/family.ts";
import { repeats } from "./hints/repeats.ts";
import { serialMakes } from "./hints/serial_makes.ts";
import { serialTail } from "./hints/serial_tail.ts";
import { shellHelpers } from "./hints/shell_helpers.ts";
import type { Spans } from "./span.ts";

/** A stretch of time, nanoseconds since the origin of the frame. */
export interface HintStretch {
  readonly from: number;
  readonly to: number;
}

/** The kinds of hints, as their files are called. */
export type HintKind =
  | "serial makes"
  | "serial tail"
  | "repeats"
  | "shell helpers"
  | "configure repeats";

/** Something that could be better, and where it is seen. */
export interface Hint {
  readonly kind: HintKind;
  /** What was measured: a sentence with no full stop. */
  readonly words: string;
  /** What could be done about it: a sentence with no full stop. */
  readonly advice: string;
  /** When it happened, in the order of time. */
  readonly stretches: readonly HintStretch[];
  /** Places of the spans that it is about, in their order. */
  readonly spans: readonly number[];
  /** How much of the time it is about, nanoseconds. */
  readonly weightNs: number;
}

const KINDS: readonly ((family: Family) => Hint[])[] = [
  serialMakes,
  serialTail,
  repeats,
  shellHelpers,
  configureRepeats,
];

/** Of a kind those that are about the most time are told: more would be a report of their own. */
export const OF_A_KIND_MAX = 3;

/** The hints, what is about the most time first; none where nothing is to be said. */
export function hintsOf(spans: Spans): Hint[] {
  return hintsIn(new Family(spans));
}

/** The same, for who has looked at the spans already. */
export function hintsIn(family: Family): Hint[] {
  return KINDS.flatMap((find) => find(family).sort(byWeight).slice(0, OF_A_KIND_MAX))
    .sort(byWeight);
}

function byWeight(a: Hint, b: Hint): number {
  return b.weightNs - a.weightNs || (a.spans[0] ?? 0) - (b.spans[0] ?? 0);
}
