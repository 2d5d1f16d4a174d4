/**
 * How far apart runs of the same thing are by chance. Pure.
 *
 * The measure is how far three in four runs are from the median of their side at most. A run that
 * something else has held up does not count, where the range of all only grows with each that is
 * added. docs/compare.md ("Noise") has what it finds.
 *
 * @module
 */

/** The share of the runs that are as near as that. */
const SHARE = 0.75;
/** How many times the measure is noise: of two runs a side, how far these are apart. */
const FACTORS = { plenty: 1.5, few: 2 } as const;
/** So many runs of each side are no few. */
const PLENTY = 3;

/** What one side's runs have of something. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** The spread of values, of which there is at least one; null where one of them is not known. */
export function spreadOf(values: readonly (number | null)[]): Spread | null {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  if (known.length < values.length) return null;
  return { median: medianOf(known), least: known[0]!, most: known.at(-1)! };
}

/** How much two medians may differ by chance; null of one run a side: it cannot be told. */
export function noiseOf(before: readonly number[], after: readonly number[]): number | null {
  const distances = [...distancesOf(before), ...distancesOf(after)].sort((a, b) => a - b);
  if (distances.length === 0) return null;
  const least = Math.min(before.length, after.length);
  const at = Math.min(distances.length - 1, Math.floor(distances.length * SHARE));
  return distances[at]! * (least >= PLENTY ? FACTORS.plenty : FACTORS.few);
}

/** How far each run is from the median, that in the middle of an odd number left out. */
function distancesOf(values: readonly number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  const median = medianOf(sorted);
  const others = sorted.length % 2 === 0 ? sorted : sorted.toSpliced(sorted.length >> 1, 1);
  return others.map((value) => Math.abs(value - median));
}

/** Of an even number the middle between two. */
function medianOf(sorted: readonly number[]): number {
  const middle = sorted.length >> 1;
  const upper = sorted[middle]!;
  return sorted.length % 2 === 1 ? upper : (sorted[middle - 1]! + upper) / 2;
}
