/**
 * Command lines cut in the middle: what is run stands at the beginning, the file at the end.
 *
 * @module
 */
import { displayWidth, fitWidth } from "./escape.ts";

/** In fewer cells two parts say less than one. */
const CELLS_MIN = 24;
/** The end has so much of what is shown. */
const END_SHARE = 0.6;
/** A cell can have marks over it, which have no width: a longer pile of them is cut. */
const UNITS_PER_CELL = 8;

/** `text`, escaped already, with `…` in its middle where it is wider than `cells`. */
export function fitMiddle(text: string, cells: number): string {
  if (cells < CELLS_MIN) return fitWidth(text, cells);
  if (displayWidth(text) <= cells) return text;
  const end = lastCells(text, Math.floor((cells - 1) * END_SHARE));
  // Too wide as it is, so that a mark of the cut stands at its end.
  const begin = fitWidth(text, cells - displayWidth(end));
  return begin + end;
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
