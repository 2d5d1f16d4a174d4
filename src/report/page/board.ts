/**
 * A timeline that hands move: canvases, pointers and wheels.
 *
 * @module
 */
import { effect } from "@preact/signals";
import { barAt, drawBars, type Scene } from "./bars.ts";
import { NextFrame, sized } from "./canvas.ts";
import { inkOf } from "./colours.ts";
import type { Stretch } from "./columns.ts";
import { Hand } from "./hand.ts";
import type { State } from "./state.ts";
import { drawStrip, mostOf } from "./strip.ts";
import { tipOf } from "./tip.ts";

/** CSS pixels of a lane: as large as there is room for. */
const LANE_MIN = 13;
const LANE_MAX = 26;
/** Lanes that are printed, beyond those that are seen; in pixels. */
const PRINTED_MAX = 640;

/** The elements of a timeline. */
export interface BoardParts {
  readonly strip: HTMLCanvasElement;
  /** Scrolls up and down; has all others but the strip in it. */
  readonly lanes: HTMLElement;
  readonly bars: HTMLCanvasElement;
  /** What is drawn over the bars: the chosen one, the one below the pointer, a frame. */
  readonly over: HTMLCanvasElement;
  readonly spacer: HTMLElement;
  readonly tip: HTMLElement;
}

/** Draws when the state or the room changes, and changes the state as hands say. */
export class Board {
  readonly #state: State;
  readonly #parts: BoardParts;
  readonly #frame = new NextFrame(() => this.#draw());
  readonly #overFrame = new NextFrame(() => this.#drawOver());
  readonly #ends: (() => void)[] = [];
  readonly #most: number;
  #scene: Scene | null = null;
  #hovered = -1;
  #range: Stretch | null = null;
  #isPrinting = false;

  constructor(state: State, parts: BoardParts) {
    this.#state = state;
    this.#parts = parts;
    this.#most = mostOf(state.load, state.model.length, state.model.frame.cpus);
    const size = new ResizeObserver(() => {
      // The first time it tells what was drawn already.
      const { clientWidth, clientHeight } = parts.lanes;
      const isDrawn = this.#scene?.width === clientWidth && this.#scene.height === clientHeight;
      if (!isDrawn) this.#frame.ask();
    });
    size.observe(parts.lanes);
    this.#listen();
    const hand = new Hand(state, parts, {
      hover: (x, y) => this.#hover(x, y),
      range: (range) => this.#showRange(range),
      at: (x, y) => this.#scene === null ? -1 : barAt(this.#scene, x, y),
    });
    this.#ends.push(() => size.disconnect(), () => hand.close(), () => this.#frame.cancel());
    // The first picture that there is of a page has the bars in it.
    this.#frame.now();
  }

  /** Listens to nothing any more. */
  close(): void {
    for (const end of this.#ends) end();
    this.#overFrame.cancel();
  }

  #listen(): void {
    const { lanes } = this.#parts;
    const state = this.#state;
    const scroll = () => this.#frame.ask();
    lanes.addEventListener("scroll", scroll);
    const print = () => this.#print(true);
    const printed = () => this.#print(false);
    addEventListener("beforeprint", print);
    addEventListener("afterprint", printed);
    const watched = [state.view, state.paint, state.matches, state.isPathShown, state.within];
    let revealed = state.reveal.peek();
    this.#ends.push(
      effect(() => {
        for (const signal of watched) signal.value;
        this.#frame.ask();
      }),
      effect(() => {
        const asked = state.reveal.value;
        if (asked !== revealed) this.#scrollTo(state.selected.value);
        revealed = asked;
      }),
      effect(() => {
        state.selected.value;
        this.#overFrame.ask();
      }),
      () => lanes.removeEventListener("scroll", scroll),
      () => removeEventListener("beforeprint", print),
      () => removeEventListener("afterprint", printed),
    );
  }

  /** Paper has no scroll bar, and is drawn on at once. */
  #print(isPrinting: boolean): void {
    this.#isPrinting = isPrinting;
    this.#draw();
  }

  get #laneHeight(): number {
    const room = this.#parts.lanes.clientHeight / Math.max(1, this.#state.lanes.count);
    return Math.max(LANE_MIN, Math.min(LANE_MAX, Math.floor(room)));
  }

  #scrollTo(place: number): void {
    if (place < 0) return;
    const { lanes } = this.#parts;
    const y = this.#state.lanes.lane[place]! * this.#laneHeight;
    const isSeen = y >= lanes.scrollTop &&
      y + this.#laneHeight <= lanes.scrollTop + lanes.clientHeight;
    if (!isSeen) lanes.scrollTop = y - lanes.clientHeight / 2;
    this.#frame.ask();
  }

  #marks(): Stretch[] {
    const { within, model } = this.#state;
    const meant = within.value;
    const gaps = model.frame.gaps.map(({ since, until }): Stretch => [since / 1000, until / 1000]);
    if (meant?.kind !== "hint") return gaps;
    return [...gaps, ...model.head.hints[meant.at]!.stretches];
  }

  #draw(): void {
    const { strip, lanes, bars, spacer } = this.#parts;
    const { model, load, view, paint, matches, isPathShown, isDark } = this.#state;
    const laneHeight = this.#laneHeight;
    const total = this.#state.lanes.count * laneHeight + 4;
    spacer.style.height = `${total}px`;
    const width = lanes.clientWidth;
    const height = this.#isPrinting ? Math.min(total, PRINTED_MAX) : lanes.clientHeight;
    if (width <= 0 || height <= 0) return;
    const ink = inkOf(isDark.value);
    const scene = this.#scene = {
      model,
      lanes: this.#state.lanes,
      paint: paint.value,
      ink,
      view: view.value,
      matches: matches.value,
      isPathShown: isPathShown.value,
      marks: this.#marks(),
      width,
      height,
      scrolled: this.#isPrinting && height === total ? 0 : lanes.scrollTop,
      laneHeight,
    };
    const context = sized(bars, width, height);
    if (context !== null) drawBars(context, scene);
    const stripHeight = strip.parentElement!.clientHeight;
    const above = sized(strip, width, stripHeight);
    if (above !== null) {
      const [most, cpus] = [this.#most, model.frame.cpus];
      drawStrip(above, { load, ink, view: view.value, most, cpus, width, height: stripHeight });
    }
    this.#drawOver();
    this.#state.isDrawn.value = true;
  }

  #drawOver(): void {
    const scene = this.#scene;
    if (scene === null) return;
    const context = sized(this.#parts.over, scene.width, scene.height);
    if (context === null) return;
    context.clearRect(0, 0, scene.width, scene.height);
    const scale = scene.width / (scene.view[1] - scene.view[0]);
    if (this.#range !== null) {
      const [from, to] = this.#range.map((moment) => (moment - scene.view[0]) * scale);
      context.fillStyle = scene.ink.mark;
      context.fillRect(from!, 0, to! - from!, scene.height);
    }
    this.#outline(context, scene, this.#hovered, scene.ink.text, 1);
    this.#outline(context, scene, this.#state.selected.value, scene.ink.chosen, 2.5);
  }

  #outline(
    context: CanvasRenderingContext2D,
    scene: Scene,
    place: number,
    colour: string,
    lineWidth: number,
  ): void {
    if (place < 0) return;
    const { model, lanes, view: [from, to], width, laneHeight, scrolled } = scene;
    const scale = width / (to - from);
    const left = Math.max(-8, (model.start[place]! - from) * scale);
    const right = Math.min(width + 8, (model.end[place]! - from) * scale);
    if (right < 0 || left > width) return;
    const y = lanes.lane[place]! * laneHeight - scrolled;
    context.strokeStyle = colour;
    context.lineWidth = lineWidth;
    context.strokeRect(left - 0.5, y, Math.max(2, right - left), laneHeight - 1);
  }

  #hover(x: number, y: number): void {
    const scene = this.#scene;
    const place = scene === null || x < 0 ? -1 : barAt(scene, x, y);
    const { tip, lanes } = this.#parts;
    if (place !== this.#hovered) {
      this.#hovered = place;
      this.#overFrame.ask();
      tip.hidden = place < 0;
      lanes.style.cursor = place < 0 ? "" : "pointer";
      if (place >= 0) tip.replaceChildren(...tipOf(this.#state.model, place));
    }
    if (place < 0) return;
    const left = Math.max(0, Math.min(x + 14, lanes.clientWidth - tip.offsetWidth - 8));
    const isBelow = y + 24 + tip.offsetHeight < lanes.clientHeight;
    tip.style.transform = `translate(${left}px, ${isBelow ? y + 18 : y - tip.offsetHeight - 10}px)`;
  }

  #showRange(range: Stretch | null): void {
    this.#range = range;
    this.#overFrame.ask();
  }
}
