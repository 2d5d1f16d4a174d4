/**
 * The word somebody may have meant.
 *
 * @module
 */

/** The name nearest to `word`, at most two slips away and alike for the larger part; else null. */
export function suggest(word: string, names: readonly string[]): string | null {
  let nearest: string | null = null;
  let fewest = Math.min(3, Math.max(word.length, 2) / 2 + 0.5);
  for (const name of names) {
    const slips = distance(word.toLowerCase(), name.toLowerCase());
    if (slips >= fewest) continue;
    fewest = slips;
    nearest = name;
  }
  return nearest;
}

/**
 * Damerau-Levenshtein distance, optimal string alignment: how many characters to insert, delete,
 * replace, or swap with their neighbour.
 */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return Infinity;
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let slips = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        slips = Math.min(slips, before[j - 2]! + 1);
      }
      row.push(slips);
    }
    before = above;
    above = row;
  }
  return above[b.length]!;
}
