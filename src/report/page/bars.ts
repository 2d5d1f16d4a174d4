/**
 * Draws the bars of a timeline. What it takes depends on the room, not on how many there are: bars
 * under a pixel become one.
 *
 * @module
 */
import { fileEnd } from "../../text/middle.ts";
import type { Stretch } from "./columns.ts";
import type { Ink, Paint } from "./colours.ts";
import type { Lanes } from "./lanes.ts";
import type { Model } from "./model.ts";

/** What is drawn, and where. Lengths are CSS pixels. */
export interface Scene {
  readonly model: Model;
  readonly lanes: Lanes;
  readonly paint: Paint;
  readonly ink: Ink;
  readonly view: Stretch;
  /** 1 for each process that is meant; null where all are. */
  readonly matches: Uint8Array | null;
  readonly isPathShown: boolean;
  /** Stretches that are marked. */
  readonly marks: readonly Stretch[];
  readonly width: number;
  readonly height: number;
  /** How far the first lane is above the upper edge. */
  readonly scrolled: number;
  readonly laneHeight: number;
}

/** How strong a colour is: what is not meant, and what fills less or more than half a pixel. */
const STRENGTHS = [0.13, 0.5, 1];
const WEAK = 0;
const FULL = STRENGTHS.length - 1;
/** Bars in a pixel of which the longest gives it its colour. */
const COMPARED = 16;
/** Below this width a name tells nothing. */
const LABEL_MIN = 26;
const PADDING = 4;
/** Of the font of labels: how wide a character is, for its size. */
const CHARACTER = 0.602;
const FONT = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace";
const PATH_WIDTH = 2.5;
/** Pixels of a step of the critical path that is drawn. */
const PATH_MIN = 1.5;

/** Rectangles by colour and strength, so that each colour is set once. */
class Buckets {
  readonly #of: number[][] = [];

  add(bucket: number, x: number, y: number, width: number): void {
    const those = this.#of[bucket] ??= [];
    const last = those.length - 3;
    // Pixels beside each other are one rectangle.
    if (last >= 0 && those[last + 1] === y && those[last]! + those[last + 2]! === x) {
      those[last + 2]! += width;
    } else those.push(x, y, width);
  }

  *[Symbol.iterator](): Generator<[bucket: number, numbers: readonly number[]]> {
    for (const [bucket, numbers] of this.#of.entries()) {
      if (numbers !== undefined) yield [bucket, numbers];
    }
  }
}

/** Bars, failures, the critical path, names. */
export function drawBars(context: CanvasRenderingContext2D, scene: Scene): void {
  const { width, height, laneHeight, scrolled, lanes, ink } = scene;
  context.clearRect(0, 0, width, height);
  drawMarks(context, scene);
  const buckets = new Buckets();
  const failures = { meant: [], others: [] };
  const labels: number[] = [];
  const firstLane = Math.max(0, Math.floor(scrolled / laneHeight));
  const lastLane = Math.min(lanes.count - 1, Math.floor((scrolled + height) / laneHeight));
  for (let lane = firstLane; lane <= lastLane; lane++) {
    layLane(scene, lane, lane * laneHeight - scrolled, buckets, failures, labels);
  }
  const barHeight = laneHeight - 1;
  for (const [bucket, numbers] of buckets) {
    context.fillStyle = scene.paint.colours[Math.floor(bucket / STRENGTHS.length)]!;
    context.globalAlpha = STRENGTHS[bucket % STRENGTHS.length]!;
    for (let at = 0; at < numbers.length; at += 3) {
      context.fillRect(numbers[at]!, numbers[at + 1]!, numbers[at + 2]!, barHeight);
    }
  }
  context.fillStyle = ink.failed;
  drawFailures(context, failures.others, barHeight, STRENGTHS[WEAK]!);
  drawFailures(context, failures.meant, barHeight, 1);
  if (scene.isPathShown) drawPath(context, scene);
  drawLabels(context, scene, labels);
}

/** Where failures are marked, three numbers each: across, down and how wide. */
interface Failures {
  readonly meant: number[];
  readonly others: number[];
}

function drawFailures(
  context: CanvasRenderingContext2D,
  marks: readonly number[],
  barHeight: number,
  alpha: number,
): void {
  context.globalAlpha = alpha;
  for (let at = 0; at < marks.length; at += 3) {
    context.fillRect(marks[at]!, marks[at + 1]!, marks[at + 2]!, barHeight);
  }
  context.globalAlpha = 1;
}

/** The place of the process at a point; -1 where there is none. */
export function barAt(scene: Scene, x: number, y: number): number {
  const { lanes, model, view, width, laneHeight, scrolled } = scene;
  const lane = Math.floor((y + scrolled) / laneHeight);
  if (lane < 0 || lane >= lanes.count) return -1;
  const pixel = (view[1] - view[0]) / width;
  const moment = view[0] + x * pixel;
  // Whoever is narrower than a pixel has all of it, and a hand two more.
  const at = firstEndingAfter(scene, lane, moment - 2 * pixel);
  let [best, nearest] = [-1, Infinity];
  for (let next = at; next < lanes.first[lane + 1]!; next++) {
    const place = lanes.bars[next]!;
    if (model.start[place]! > moment + 2 * pixel) break;
    const away = Math.max(model.start[place]! - moment, moment - model.end[place]!, 0);
    if (away < nearest) [best, nearest] = [place, away];
    if (away === 0) break;
  }
  return best;
}

function layLane(
  scene: Scene,
  lane: number,
  y: number,
  buckets: Buckets,
  failures: Failures,
  labels: number[],
): void {
  const { lanes, model, view, width, paint, matches } = scene;
  const [from, to] = view;
  const scale = width / (to - from);
  const end = lanes.first[lane + 1]!;
  let at = firstEndingAfter(scene, lane, from);
  while (at < end) {
    const place = lanes.bars[at]!;
    const left = (model.start[place]! - from) * scale;
    if (left >= width) break;
    const right = (model.end[place]! - from) * scale;
    if (right - left >= 1) {
      const colour = paint.index[place]! * STRENGTHS.length;
      const [x, until] = [Math.max(-1, left), Math.min(width + 1, right)];
      // A hair between neighbours, where there is room for it.
      const shown = until - x > 3 ? until - x - 0.6 : until - x;
      const isMeant = matches === null || matches[place] === 1;
      buckets.add(colour + (isMeant ? FULL : WEAK), x, y, shown);
      if (model.failed[place] === 1) {
        const mark = Math.min(3, shown);
        const marks = isMeant ? failures.meant : failures.others;
        marks.push(Math.min(until, width) - mark - (shown < until - x ? 0.6 : 0), y, mark);
      }
      if (until - Math.max(0, x) >= LABEL_MIN) labels.push(place, Math.max(0, x), y, until);
      at++;
      continue;
    }
    // All that ends within this pixel.
    const x = Math.floor(left);
    const edge = from + (x + 1) / scale;
    const next = Math.max(at + 1, firstEndingAfter(scene, lane, edge, at));
    const lived = (lanes.livedBefore[next]! - lanes.livedBefore[at]!) * scale;
    const isMeant = matches === null || hasMatch(scene, matches, at, next);
    const strength = isMeant ? (lived > 0.5 ? FULL : FULL - 1) : WEAK;
    buckets.add(paint.index[longest(scene, at, next)]! * STRENGTHS.length + strength, x, y, 1);
    if (lanes.failedBefore[next]! > lanes.failedBefore[at]!) {
      (isMeant ? failures.meant : failures.others).push(x, y, 1);
    }
    at = next;
  }
}

/** The process of the longest of some bars. */
function longest({ lanes, model }: Scene, at: number, next: number): number {
  let [found, length] = [lanes.bars[at]!, -1];
  const end = Math.min(next, at + COMPARED);
  for (let bar = at; bar < end; bar++) {
    const place = lanes.bars[bar]!;
    const lived = model.end[place]! - model.start[place]!;
    if (lived > length) [found, length] = [place, lived];
  }
  return found;
}

function hasMatch({ lanes }: Scene, matches: Uint8Array, at: number, next: number): boolean {
  for (let bar = at; bar < next; bar++) if (matches[lanes.bars[bar]!] === 1) return true;
  return false;
}

/**
 * The first bar of a lane that ends after a moment, looked for from a place on: most often it is
 * near, so steps grow from one.
 */
function firstEndingAfter(
  { lanes: { bars, first }, model: { end } }: Pick<Scene, "lanes" | "model">,
  lane: number,
  moment: number,
  begin = first[lane]!,
): number {
  const last = first[lane + 1]!;
  let [low, high] = [begin, begin];
  for (let step = 1; high < last && end[bars[high]!]! <= moment; step *= 2) {
    low = high + 1;
    high = Math.min(last, high + step);
  }
  while (low < high) {
    const middle = (low + high) >> 1;
    if (end[bars[middle]!]! <= moment) low = middle + 1;
    else high = middle;
  }
  return low;
}

function drawMarks(context: CanvasRenderingContext2D, scene: Scene): void {
  const { view: [from, to], width, height, marks, ink } = scene;
  const scale = width / (to - from);
  context.fillStyle = ink.mark;
  let drawn = -1;
  for (const mark of marks) {
    const left = Math.max(drawn, 0, (mark[0] - from) * scale);
    const right = Math.min(width, Math.max(left + 1, (mark[1] - from) * scale));
    if (right <= 0 || right <= left || left >= width) continue;
    context.fillRect(left, 0, right - left, height);
    drawn = right;
  }
}

/** A line through the bars that everything waited for; thin where it goes from bar to bar. */
function drawPath(context: CanvasRenderingContext2D, scene: Scene): void {
  const { model, lanes, view: [from, to], width, laneHeight, scrolled, ink } = scene;
  const scale = width / (to - from);
  const [along, across] = [new Path2D(), new Path2D()];
  let [last, lastY] = [-Infinity, 0];
  for (const { index, from: begin, to: end } of model.path) {
    if (end < from || begin > to) continue;
    const left = Math.max(-4, (begin - from) * scale);
    const right = Math.min(width + 4, (end - from) * scale);
    // What is not wide enough to be seen would only be a smear.
    if (right - left < PATH_MIN && right - last < PATH_MIN) continue;
    const y = (lanes.lane[index]! + 1) * laneHeight - scrolled - 1 - PATH_WIDTH / 2;
    along.moveTo(left, y);
    along.lineTo(right, y);
    if (last > -Infinity) {
      across.moveTo(left, lastY);
      across.lineTo(left, y);
    }
    [last, lastY] = [right, y];
  }
  stroke(context, across, ink.path, 1, 0.55);
  stroke(context, along, ink.pathEdge, PATH_WIDTH + 1.6, 0.75);
  stroke(context, along, ink.path, PATH_WIDTH, 1);
}

function stroke(
  context: CanvasRenderingContext2D,
  path: Path2D,
  colour: string,
  lineWidth: number,
  alpha: number,
): void {
  context.globalAlpha = alpha;
  context.strokeStyle = colour;
  context.lineWidth = lineWidth;
  context.stroke(path);
  context.globalAlpha = 1;
}

function drawLabels(
  context: CanvasRenderingContext2D,
  { model, laneHeight, ink, matches }: Scene,
  labels: readonly number[],
): void {
  if (laneHeight < 9) return;
  const size = Math.min(13, Math.round(laneHeight * 0.64));
  context.font = `${size}px ${FONT}`;
  context.textBaseline = "middle";
  context.fillStyle = ink.onBar;
  for (let at = 0; at < labels.length; at += 4) {
    const [place, x, y, right] = [labels[at]!, labels[at + 1]!, labels[at + 2]!, labels[at + 3]!];
    const room = Math.floor((right - x - PADDING - 2) / (size * CHARACTER));
    context.globalAlpha = matches !== null && matches[place] === 0 ? 0.35 : 1;
    context.fillText(labelOf(model, place, room), x + PADDING, y + laneHeight / 2);
  }
  context.globalAlpha = 1;
}

/** The name, and as much of the command line as there is room for, in characters. */
export function labelOf(model: Model, place: number, room: number): string {
  const name = model.nameOf(place);
  if (name.length > room) return room < 3 ? name.slice(0, room) : `${name.slice(0, room - 1)}…`;
  if (room < name.length + 8) return name;
  const line = model.shortOf(place);
  if (line.length <= room) return line;
  const at = fileEnd(line);
  return at === line.length ? cutLine(line, room) : `${cutLine(line.slice(0, at), room - 1)}…`;
}

/** The end says more than the middle: most often it is a file. */
function cutLine(line: string, room: number): string {
  if (line.length <= room) return line;
  const end = Math.floor((room - 1) * 0.45);
  return `${line.slice(0, room - 1 - end)}…${line.slice(line.length - end)}`;
}
