/**
 * Random texts that are hostile to terminals and shells, the same for the same seed.
 *
 * @module
 */

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
export function randomText(next: () => number): string {
  let text = "";
  for (let left = Math.floor(next() * 12); left > 0; left--) {
    text += next() < 0.6
      ? PIECES[Math.floor(next() * PIECES.length)]!
      : String.fromCharCode(1 + Math.floor(next() * (next() < 0.7 ? 0x7f : 0xfffe)));
  }
  return text;
}
