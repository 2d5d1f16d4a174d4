/**
 * What pointers and the wheel do on a timeline.
 *
 * @module
 */
import type { Stretch } from "./columns.ts";
import type { State } from "./state.ts";

/** A pointer that moved less, in pixels, has clicked. */
const STILL = 4;
/** How much a turn of the wheel zooms; the base of its pixels. */
const WHEEL = 1.0018;
/** Pixels of a line, where a wheel counts these. */
const LINE = 18;

/** What is asked of the timeline; lengths are pixels from its upper left corner. */
export interface Touched {
  hover(x: number, y: number): void;
  range(range: Stretch | null): void;
  /** The place of the process there; -1 for none. */
  at(x: number, y: number): number;
}

interface Parts {
  readonly strip: HTMLElement;
  readonly lanes: HTMLElement;
}

interface Down {
  readonly kind: "pan" | "range";
  readonly x: number;
  readonly y: number;
  readonly view: Stretch;
  readonly scrolled: number;
  isMoved: boolean;
}

/** Listens to what is done on the two elements. */
export class Hand {
  readonly #state: State;
  readonly #parts: Parts;
  readonly #touched: Touched;
  readonly #stop = new AbortController();
  #down: Down | null = null;
  /** Fingers: where each is. */
  readonly #fingers = new Map<number, { x: number; y: number }>();

  constructor(state: State, parts: Parts, touched: Touched) {
    this.#state = state;
    this.#parts = parts;
    this.#touched = touched;
    this.#listen(parts.lanes, false);
    this.#listen(parts.strip, true);
  }

  /** Listens no more. */
  close(): void {
    this.#stop.abort();
  }

  #listen(element: HTMLElement, isStrip: boolean): void {
    const { signal } = this.#stop;
    const on = <K extends keyof HTMLElementEventMap>(
      name: K,
      act: (event: HTMLElementEventMap[K]) => void,
    ) => element.addEventListener(name, act, { signal, passive: false });
    on("wheel", (event) => this.#wheel(event));
    on("pointerdown", (event) => this.#press(event, element, isStrip));
    on("pointermove", (event) => this.#move(event, isStrip));
    on("pointerup", (event) => this.#release(event, isStrip));
    on("pointercancel", (event) => this.#lose(event));
    on("pointerleave", () => this.#touched.hover(-1, -1));
    on("dblclick", (event) => this.#twice(event, isStrip));
  }

  #point({ clientX, clientY }: MouseEvent): { x: number; y: number } {
    const { left, top } = this.#parts.lanes.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  }

  #moment(x: number): number {
    const [from, to] = this.#state.view.value;
    return from + (to - from) * x / this.#parts.lanes.clientWidth;
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE : 1;
    const [across, down] = [event.deltaX * unit, event.deltaY * unit];
    // Some systems turn a wheel sideways while Shift is held.
    if (event.shiftKey) this.#parts.lanes.scrollTop += down === 0 ? across : down;
    else if (Math.abs(across) > Math.abs(down)) {
      this.#state.pan(across / this.#parts.lanes.clientWidth);
    } else this.#state.zoom(WHEEL ** down, this.#moment(this.#point(event).x));
    this.#touched.hover(-1, -1);
  }

  #press(event: PointerEvent, element: HTMLElement, isStrip: boolean): void {
    const point = this.#point(event);
    // The scroll bar is the browser's.
    if (event.button !== 0 || point.x > this.#parts.lanes.clientWidth) return;
    element.setPointerCapture(event.pointerId);
    this.#fingers.set(event.pointerId, point);
    this.#down = {
      kind: isStrip || event.shiftKey ? "range" : "pan",
      ...point,
      view: this.#state.view.value,
      scrolled: this.#parts.lanes.scrollTop,
      isMoved: this.#fingers.size > 1,
    };
  }

  #move(event: PointerEvent, isStrip: boolean): void {
    const point = this.#point(event);
    const finger = this.#fingers.get(event.pointerId);
    const down = this.#down;
    if (finger === undefined || down === null) {
      if (!isStrip && event.pointerType !== "touch") this.#touched.hover(point.x, point.y);
      return;
    }
    if (this.#fingers.size === 2) {
      this.#pinch(event.pointerId, point);
      return;
    }
    this.#fingers.set(event.pointerId, point);
    const [across, along] = [point.x - down.x, point.y - down.y];
    if (!down.isMoved && Math.hypot(across, along) < STILL) return;
    down.isMoved = true;
    this.#touched.hover(-1, -1);
    if (down.kind === "range") {
      this.#touched.range(this.#rangeTo(point.x, down));
      return;
    }
    const by = across / this.#parts.lanes.clientWidth * (down.view[1] - down.view[0]);
    this.#state.look([down.view[0] - by, down.view[1] - by]);
    this.#parts.lanes.scrollTop = down.scrolled - along;
  }

  #pinch(id: number, point: { x: number; y: number }): void {
    const [one, two] = [...this.#fingers.values()];
    const before = Math.abs(one!.x - two!.x);
    this.#fingers.set(id, point);
    const [first, second] = [...this.#fingers.values()];
    const after = Math.abs(first!.x - second!.x);
    if (before < 8 || after < 8) return;
    this.#state.zoom(before / after, this.#moment((first!.x + second!.x) / 2));
  }

  #rangeTo(x: number, down: Down): Stretch {
    const [a, b] = [this.#moment(down.x), this.#moment(x)];
    return a < b ? [a, b] : [b, a];
  }

  #release(event: PointerEvent, isStrip: boolean): void {
    const down = this.#down;
    const { x, y } = this.#point(event);
    this.#lose(event);
    if (down === null) return;
    if (down.kind === "range" && down.isMoved) this.#state.look(this.#rangeTo(x, down));
    else if (!down.isMoved && !isStrip) this.#state.select(this.#touched.at(x, y), false);
  }

  #lose(event: PointerEvent): void {
    this.#fingers.delete(event.pointerId);
    this.#touched.range(null);
    this.#down = null;
  }

  #twice(event: MouseEvent, isStrip: boolean): void {
    const { x, y } = this.#point(event);
    const place = isStrip ? -1 : this.#touched.at(x, y);
    if (place >= 0) this.#state.focus(place);
    else this.#state.look([0, this.#state.model.length]);
  }
}
