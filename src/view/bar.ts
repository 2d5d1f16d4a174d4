/**
 * A life as a bar of blocks on a scale of time.
 *
 * @module
 */

/** A stretch of time, milliseconds since the Unix epoch; it has a length. */
export interface Scale {
  readonly since: number;
  readonly until: number;
}

/** How a bar is drawn. */
export interface BarStyle {
  /** The terminal shows ASCII alone. */
  readonly ascii: boolean;
  /** It failed: that is marked behind its end. */
  readonly failed: boolean;
  /** It had not ended at the end that is drawn. */
  readonly goesOn: boolean;
}

const SIGNS = {
  /** What begins or ends beyond the scale, or is not known to have ended; and what failed. */
  utf8: { before: "◂", after: "▸", unknown: "?", failed: "✗" },
  ascii: { before: "<", after: ">", unknown: "?", failed: "x" },
} as const;
/** Blocks that fill a cell from the left, in eighths. */
const LEFT = "▏▎▍▌▋▊▉█";
const [RIGHT_EIGHTH, RIGHT_HALF, LEFT_HALF] = ["▕", "▐", "▌"];

/**
 * A bar of `cells` cells for a life between two moments, null where they are not known. It fills
 * what it touches: an end is drawn to an eighth of a cell, a beginning to half of one. What failed
 * has a mark behind its end, or in the last cell.
 */
export function barCells(
  from: number | null,
  to: number | null,
  scale: Scale,
  cells: number,
  { ascii, failed, goesOn }: BarStyle,
): string {
  const signs = ascii ? SIGNS.ascii : SIGNS.utf8;
  if (from === null && to === null) return signs.unknown.padEnd(cells);
  const cellMs = (scale.until - scale.since) / cells;
  const x = (moment: number) => (moment - scale.since) / cellMs;
  // Whose beginning is not known was there before; whose end is not known ended some time.
  const x0 = from === null ? -1 : x(from);
  const x1 = to === null ? x0 : x(to);
  const row = new Array<string>(cells).fill(" ");
  if (x1 < 0) row[0] = signs.before;
  else if (x0 > cells) row[cells - 1] = signs.after;
  else {
    const [left, right] = [Math.max(0, x0), Math.min(cells, x1)];
    const first = Math.min(cells - 1, Math.floor(left));
    const last = Math.max(first, Math.min(cells - 1, Math.ceil(right) - 1));
    for (let at = first; at <= last; at++) {
      row[at] = ascii
        ? first === last ? "|" : "="
        : block(Math.max(0, left - at), Math.min(1, right - at));
    }
    if (x0 < 0 && last > 0) row[0] = signs.before;
    if (goesOn || x1 > cells) row[cells - 1] = signs.after;
    else if (to === null || failed) {
      row[Math.min(cells - 1, last + 1)] = to === null ? signs.unknown : signs.failed;
    }
  }
  return row.join("");
}

/** The block for what a bar takes of a cell, from one part of it to another. */
function block(a: number, b: number): string {
  if (a < 0.25) return LEFT[Math.max(1, Math.min(8, Math.round(b * 8))) - 1]!;
  const isLeft = a + b < 1;
  if (b - a < 0.25) return isLeft ? LEFT[0]! : RIGHT_EIGHTH!;
  return isLeft ? LEFT_HALF! : RIGHT_HALF!;
}
