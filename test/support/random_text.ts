/**
 * Random texts that are hostile to terminals and shells, the same for the same seed.
 *
 * @module
 */

/** A generator of numbers from 0 to below 1 (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const PIECES = [
  "a",
  "Z9",
  " ",
  "-",
  "=",
  "if",
  "~",
  "'",
  '"',
  "\\",
  "$",
  "`",
  "!",
  "*",
  "{a,b}",
  "\n",
  "\t",
  "\x1b[31m",
  "\x01",
  "\x7f",
  "é",
  "e\u0301",
  "東",
  "\u{1f600}",
  "\u202e",
  "\u200b",
  "\ufffd",
  "\u0085",
];

/** A text of up to 12 pieces and characters, none of them NUL. */
export function randomText(random: () => number): string {
  let text = "";
  for (let left = Math.floor(random() * 12); left > 0; left--) {
    text += random() < 0.6
      ? PIECES[Math.floor(random() * PIECES.length)]!
      : String.fromCharCode(1 + Math.floor(random() * (random() < 0.7 ? 0x7f : 0xfffe)));
  }
  return text;
}
