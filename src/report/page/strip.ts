/**
 * Draws how many were at work and how many CPUs they used, and the time axis below.
 *
 * @module
 */
import { ticksOf } from "./axis.ts";
import type { Ink } from "./colours.ts";
import type { Stretch } from "./columns.ts";
import type { Load, Steps } from "./load.ts";

/** Pixels of the axis below the curves. */
export const AXIS_HEIGHT = 20;
/** What is left free above, for the legend. */
const HEADROOM = 1.35;
/** Pixels between two marks at least. */
const TICK_ROOM = 84;
const FONT = "11px system-ui, sans-serif";

/** What is drawn; lengths are CSS pixels. */
export interface StripScene {
  readonly load: Load;
  readonly ink: Ink;
  readonly view: Stretch;
  /** The most that is shown, of processes and CPUs alike. */
  readonly most: number;
  readonly cpus: number | null;
  readonly width: number;
  readonly height: number;
}

/** The most that work at once in a pixel of the whole, and the CPUs, with a little room above. */
export function mostOf(load: Load, length: number, cpus: number | null): number {
  let most = cpus ?? 1;
  const parts = 1000;
  for (let part = 0; part < parts; part++) {
    const [from, to] = [length * part / parts, length * (part + 1) / parts];
    most = Math.max(most, load.working.mean(from, to), load.cpus?.mean(from, to) ?? 0);
  }
  return most * HEADROOM;
}

/** The curves and the axis. */
export function drawStrip(context: CanvasRenderingContext2D, scene: StripScene): void {
  const { load, ink, view, width, height, cpus, most } = scene;
  const bottom = height - AXIS_HEIGHT;
  context.clearRect(0, 0, width, height);
  const yOf = (value: number) => bottom - Math.min(1, value / most) * (bottom - 2);
  context.fillStyle = ink.working;
  area(context, scene, load.working, yOf, bottom);
  context.fill();
  if (cpus !== null) {
    const y = Math.round(yOf(cpus)) + 0.5;
    context.strokeStyle = ink.limit;
    context.lineWidth = 1;
    context.setLineDash([4, 3]);
    line(context, 0, y, width, y);
    context.setLineDash([]);
    label(context, ink.faint, `${cpus} CPUs`, width - 4, y - 7, "right");
  }
  if (load.cpus !== null) {
    context.strokeStyle = ink.cpu;
    context.lineWidth = 1.5;
    area(context, scene, load.cpus, yOf, null);
    context.stroke();
  }
  context.strokeStyle = ink.line;
  context.lineWidth = 1;
  line(context, 0, bottom + 0.5, width, bottom + 0.5);
  const scale = width / (view[1] - view[0]);
  for (const { at, label: text } of ticksOf(view[0], view[1], width / TICK_ROOM)) {
    const x = Math.round((at - view[0]) * scale) + 0.5;
    line(context, x, bottom, x, bottom + 5);
    context.font = FONT;
    const isWhole = x + 4 + context.measureText(text).width < width;
    if (isWhole) label(context, ink.faint, text, x + 4, bottom + 11, "left");
  }
}

/** The outline of means, two pixels each; closed where there is a bottom. */
function area(
  context: CanvasRenderingContext2D,
  { view, width }: StripScene,
  steps: Steps,
  yOf: (value: number) => number,
  bottom: number | null,
): void {
  const pixel = (view[1] - view[0]) / width;
  context.beginPath();
  if (bottom !== null) context.moveTo(0, bottom);
  for (let x = 0; x < width; x += 2) {
    const from = view[0] + x * pixel;
    const y = yOf(steps.mean(from, from + 2 * pixel));
    context.lineTo(x, y);
    context.lineTo(x + 2, y);
  }
  if (bottom !== null) context.lineTo(width, bottom);
}

function line(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  toX: number,
  toY: number,
): void {
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(toX, toY);
  context.stroke();
}

function label(
  context: CanvasRenderingContext2D,
  colour: string,
  text: string,
  x: number,
  y: number,
  align: CanvasTextAlign,
): void {
  context.font = FONT;
  context.textAlign = align;
  context.textBaseline = "middle";
  context.fillStyle = colour;
  context.fillText(text, x, y);
}
