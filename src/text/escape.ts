/**
 * Text that others chose, made safe and measured for a terminal.
 *
 * @module
 */

/**
 * What a terminal would act on or not show: controls, line and paragraph separators, format
 * characters (bidi controls, zero-width ones, tags), other invisible ones, and half surrogate
 * pairs. Variation selectors stay: they belong to the emoji before them.
 */
const UNSAFE =
  /[[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]--\p{Variation_Selector}]/v;
const EVERY_UNSAFE = new RegExp(UNSAFE.source, "gv");

const NAMED: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Whether `text` has something a terminal would act on or not show. */
export function isUnsafe(text: string): boolean {
  return UNSAFE.test(text);
}

/**
 * `text` with visible escapes, such as `\n`, `\x1b` and `\u202e`, in place of what a terminal
 * would act on or not show.
 */
export function escapeText(text: string): string {
  return UNSAFE.test(text) ? text.replace(EVERY_UNSAFE, escapeOne) : text;
}

function escapeOne(character: string): string {
  const named = NAMED[character];
  if (named !== undefined) return named;
  const code = character.codePointAt(0)!;
  const hex = code.toString(16);
  if (code <= 0xff) return `\\x${hex.padStart(2, "0")}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, "0")}` : `\\u{${hex}}`;
}

/** Printable ASCII and Latin: one cell each. */
const NARROW = /^[\x20-\x7e\xa0-\xac\xae-\u02ff]*$/;
/** Marks that are drawn over the character before them, and the vowels and finals of Hangul. */
const COMBINING = /[\p{Mn}\p{Me}\p{Default_Ignorable_Code_Point}\u1160-\u11ff\ud7b0-\ud7ff]/u;
const WIDE_SCRIPTS = ["Han", "Hira", "Kana", "Hang", "Bopo", "Yiii", "Tang", "Nshu", "Kits"];
/**
 * East Asian wide and fullwidth characters, by script and by the blocks that are wide as a
 * whole; half-width forms and flag letters are narrow. A few symbols are a cell off: this
 * decides on layout only.
 */
const WIDE = new RegExp(
  "[[" + WIDE_SCRIPTS.map((script) => `\\p{scx=${script}}`).join("") +
    "\\p{Emoji_Presentation}\\u{2e80}-\\u{303e}\\u{3099}-\\u{33ff}\\u{a960}-\\u{a97f}" +
    "\\u{fe10}-\\u{fe19}\\u{fe30}-\\u{fe6f}\\u{ff01}-\\u{ff60}\\u{ffe0}-\\u{ffe6}" +
    "\\u{1f200}-\\u{1f265}\\u{20000}-\\u{3fffd}]" +
    "--[\\u{b7}\\u{303f}\\u{a700}-\\u{a707}\\u{1f1e6}-\\u{1f1ff}\\u{ff61}-\\u{ffdc}]]",
  "v",
);

function cellsOf(character: string): number {
  if (COMBINING.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** Cells that `text`, escaped already, takes on a terminal. */
export function displayWidth(text: string): number {
  if (NARROW.test(text)) return text.length;
  let cells = 0;
  for (const character of text) cells += cellsOf(character);
  return cells;
}

/** `text`, escaped already, cut with `…` where it is wider than `cells`. */
export function fitWidth(text: string, cells: number): string {
  if (text.length <= cells && NARROW.test(text)) return text;
  if (cells < 1) return "";
  let used = 0;
  let end = 0;
  /** Where the text is cut if it turns out too wide. */
  let cut = 0;
  for (const character of text) {
    used += cellsOf(character);
    if (used > cells) return `${text.slice(0, cut)}…`;
    end += character.length;
    if (used < cells) cut = end;
  }
  return text;
}
