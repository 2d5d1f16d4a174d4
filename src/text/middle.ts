/**
 * Command lines cut in the middle: what is run stands at the beginning, the file at the end.
 *
 * @module
 */
import { displayWidth, fitWidth } from "./escape.ts";

/** In fewer cells two parts say less than one, unless the second is a file. */
const CELLS_MIN = 24;
const FILE_CELLS_MIN = 16;
/** The end has so much of what is shown. */
const END_SHARE = 0.6;
/** A cell can have marks over it, which have no width: a longer pile of them is cut. */
const UNITS_PER_CELL = 8;
/** Words in which a file is looked for, from the end: compilers get a hundred options behind it. */
const WORDS_MAX = 256;
/** The folder of what is run. */
const FOLDER = /^\/\S*\/(?=[^\s/])/;
const TEMPORARY = /^['"]?(?:\/var)?\/tmp\//;
const FILE = /[^./]\.\w{1,8}['"]?$/;

/**
 * `text`, escaped already, with `…` in its middle where it is wider than `cells`, and in the place
 * of the folder of what is run. What follows the file is cut, too: see {@linkcode fileEnd}.
 */
export function fitMiddle(text: string, cells: number): string {
  if (displayWidth(text) <= cells) return text;
  if (cells < FILE_CELLS_MIN) return fitWidth(text, cells);
  const line = text.replace(FOLDER, "…/");
  const at = fileEnd(line);
  if (cells < CELLS_MIN && !FILE.test(line.slice(0, at))) return fitWidth(text, cells);
  if (at === line.length || displayWidth(line) <= cells) return cutMiddle(line, cells);
  return `${cutMiddle(line.slice(0, at), cells - 1)}…`;
}

function cutMiddle(text: string, cells: number): string {
  if (displayWidth(text) <= cells) return text;
  const end = lastCells(text, Math.floor((cells - 1) * END_SHARE));
  // Too wide as it is, so that a mark of the cut stands at its end.
  const begin = fitWidth(text, cells - displayWidth(end));
  return begin + end;
}

/**
 * Where the file of a command line ends, which is most often its end. Where that is an option, or
 * a file below /tmp, which compilers make up, it is that of the last other word like a file's name.
 */
export function fileEnd(text: string): number {
  let end = text.length;
  for (let words = 0; end > 0 && words < WORDS_MAX; words++) {
    const from = text.lastIndexOf(" ", end - 1) + 1;
    const word = text.slice(from, end);
    const isMade = word.startsWith("-") || TEMPORARY.test(word);
    if (!isMade && (words === 0 || FILE.test(word))) return end;
    end = from - 1;
  }
  return text.length;
}

/** The last characters of a text, escaped already, that take so many cells, or one less. */
export function lastCells(text: string, cells: number): string {
  const characters = [...text.slice(-cells * UNITS_PER_CELL).toWellFormed()];
  let used = 0;
  let at = characters.length;
  while (at > 0) {
    const wide = displayWidth(characters[at - 1]!);
    if (used + wide > cells) break;
    used += wide;
    at--;
  }
  // A mark without the character that it belongs to would be drawn over what stands before.
  while (at < characters.length && displayWidth(characters[at]!) === 0) at++;
  return characters.slice(at).join("");
}
