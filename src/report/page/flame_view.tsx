/** @jsxRuntime automatic */
/** @jsxImportSource preact */
/// <reference lib="dom" />
/**
 * The icicle of the lineage.
 *
 * @module
 */
import { effect } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { NextFrame, sized } from "./canvas.ts";
import { inkOf } from "./colours.ts";
import { type FlameBox, type Weight, WEIGHTS } from "./flame.ts";
import { count, duration, percent } from "./said.ts";
import type { State } from "./state.ts";

const ROW = 22;
const LABEL_MIN = 30;
const FONT = "12px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace";
const CHARACTER = 7.24;
const SAYS: Readonly<Record<Weight, string>> = {
  wall: "own time",
  cpu: "CPU time",
  count: "processes",
};

/** Boxes as wide as what is below them took; a click fills the width with one. */
export function FlameGraph({ state }: { state: State }): JSX.Element {
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const drawing = new Drawing(state, root.current!);
    return () => drawing.close();
  }, []);
  const boxes = useMemo(() => state.flame.boxes(state.weight.value), [state.weight.value]);
  const top = boxes[state.flameTop.value]!;
  return (
    <div class="flame">
      <div class="flame-head">
        <div class="choice" role="group" aria-label="What makes a box wide">
          {WEIGHTS.map((weight) => (
            <button
              key={weight}
              type="button"
              aria-pressed={state.weight.value === weight}
              onClick={() => state.weight.value = weight}
            >
              {SAYS[weight]}
            </button>
          ))}
        </div>
        <Way state={state} top={top} />
      </div>
      <div
        class="flame-scroll"
        tabIndex={0}
        role="tree"
        aria-label="Flame graph"
        onKeyDown={(event) => move(state, boxes, event)}
        ref={root}
      >
        <div
          role="treeitem"
          aria-level={top.depth + 1}
          aria-selected="true"
          aria-expanded={top.children !== undefined}
          class="sr"
        >
          {saysOf(top, state.weight.value, boxes[0]!)}
        </div>
        <div class="stage">
          <canvas class="flame-canvas" aria-hidden="true" />
          <div class="tip" aria-hidden="true" hidden />
        </div>
        <div class="spacer" />
      </div>
    </div>
  );
}

/** The names above the box that fills the width, and what it has. */
function Way({ state, top }: { state: State; top: FlameBox }): JSX.Element {
  const way = top.ancestors().toReversed();
  return (
    <nav class="way" aria-label="Where this is">
      {way.map((box) => (
        <button
          type="button"
          key={box.data.key}
          disabled={box === top}
          onClick={() => zoomTo(state, box.data.key)}
        >
          {box.data.name}
        </button>
      ))}
    </nav>
  );
}

function zoomTo(state: State, key: number): void {
  state.flameTop.value = key;
  state.show(key === 0 ? null : { kind: "flame", key });
}

/** Up to the parent, down to the widest child, across to siblings. */
function move(state: State, boxes: readonly FlameBox[], event: KeyboardEvent): void {
  const at = boxes[state.flameTop.value]!;
  const siblings = at.parent?.children ?? [];
  const place = siblings.indexOf(at);
  const next = {
    ArrowUp: at.parent,
    ArrowDown: at.children?.[0],
    ArrowLeft: siblings[place - 1],
    ArrowRight: siblings[place + 1],
  }[event.key];
  if (next === undefined || next === null) return;
  event.preventDefault();
  event.stopPropagation();
  zoomTo(state, next.data.key);
}

function saysOf(box: FlameBox, weight: Weight, all: FlameBox): string {
  const value = box.value ?? 0;
  const share = percent(value / Math.max(1, all.value ?? 0));
  const amount = weight === "count" ? `${count(value)} processes` : duration(value);
  const { failed } = box.data;
  const own = box.data.count;
  const failures = failed > 0 ? `, ${count(failed)} failed` : "";
  return `${box.data.name}: ${amount}, ${share}; ${count(own)} of this name here${failures}`;
}

class Drawing {
  readonly #state: State;
  readonly #box: HTMLElement;
  readonly #canvas: HTMLCanvasElement;
  readonly #tip: HTMLElement;
  readonly #frame = new NextFrame(() => this.#draw());
  readonly #stop = new AbortController();
  readonly #size: ResizeObserver;
  readonly #unwatch: () => void;
  #boxes: FlameBox[] = [];
  #weight: Weight | null = null;

  constructor(state: State, box: HTMLElement) {
    this.#state = state;
    this.#box = box;
    this.#canvas = box.querySelector("canvas")!;
    this.#tip = box.querySelector<HTMLElement>(".tip")!;
    this.#size = new ResizeObserver(() => this.#frame.ask());
    this.#size.observe(box);
    const { signal } = this.#stop;
    box.addEventListener("scroll", () => this.#frame.ask(), { signal });
    this.#canvas.addEventListener("pointermove", (event) => this.#hover(event), { signal });
    this.#canvas.addEventListener("pointerleave", () => this.#tip.hidden = true, { signal });
    this.#canvas.addEventListener("click", (event) => this.#click(event), { signal });
    this.#unwatch = effect(() => {
      const { weight, flameTop, paint, isDark, query } = state;
      for (const watched of [weight, flameTop, paint, isDark, query]) watched.value;
      this.#frame.ask();
    });
  }

  close(): void {
    this.#stop.abort();
    this.#size.disconnect();
    this.#unwatch();
    this.#frame.cancel();
  }

  #draw(): void {
    const { weight, flameTop, flame, isDark, query, commands } = this.#state;
    if (this.#weight !== weight.value) this.#boxes = flame.boxes(weight.value);
    this.#weight = weight.value;
    const [width, height] = [this.#box.clientWidth, this.#box.clientHeight];
    const depth = this.#boxes[0]!.height + 1;
    this.#box.querySelector<HTMLElement>(".spacer")!.style.height = `${depth * ROW + 4}px`;
    const context = sized(this.#canvas, width, height);
    if (context === null || width === 0) return;
    const ink = inkOf(isDark.value);
    const colours = new Map(commands.map(({ name }) => [name, this.#state.colourOf(name)]));
    context.clearRect(0, 0, width, height);
    context.font = FONT;
    context.textBaseline = "middle";
    const sought = query.value.trim().toLowerCase();
    const scale = this.#scale(this.#boxes[flameTop.value]!, width);
    for (const box of this.#boxes) {
      const y = box.depth * ROW - this.#box.scrollTop;
      if (y < -ROW || y > height) continue;
      const left = Math.max(0, scale(box.x0));
      const right = Math.min(width, scale(box.x1));
      if (right - left < 0.4) continue;
      const isMeant = sought === "" || box.data.name.toLowerCase().includes(sought);
      context.globalAlpha = isMeant ? 1 : 0.25;
      context.fillStyle = colours.get(box.data.name) ?? ink.line;
      context.fillRect(left, y, Math.max(0.6, right - left - 0.8), ROW - 1);
      if (box.data.failed > 0) {
        context.fillStyle = ink.failed;
        context.fillRect(left, y + ROW - 4, Math.max(0.6, right - left - 0.8), 3);
      }
      if (right - left > LABEL_MIN) {
        context.fillStyle = ink.onBar;
        context.fillText(cut(box.data.name, (right - left - 8) / CHARACTER), left + 5, y + ROW / 2);
      }
    }
    context.globalAlpha = 1;
  }

  /** From 0 to 1 across to pixels, so that one box fills the width. */
  #scale(top: FlameBox, width: number): (x: number) => number {
    const whole = Math.max(1e-12, top.x1 - top.x0);
    return (x) => (x - top.x0) / whole * width;
  }

  #boxAt({ offsetX, offsetY }: MouseEvent): FlameBox | undefined {
    const depth = Math.floor((offsetY + this.#box.scrollTop) / ROW);
    const scale = this.#scale(this.#boxes[this.#state.flameTop.value]!, this.#box.clientWidth);
    return this.#boxes.find((box) => {
      return box.depth === depth && scale(box.x0) <= offsetX && scale(box.x1) > offsetX;
    });
  }

  #hover(event: PointerEvent): void {
    const box = this.#boxAt(event);
    this.#tip.hidden = box === undefined;
    this.#canvas.style.cursor = box === undefined ? "" : "pointer";
    if (box === undefined) return;
    this.#tip.textContent = saysOf(box, this.#weight!, this.#boxes[0]!);
    const left = Math.min(event.offsetX + 12, this.#box.clientWidth - this.#tip.offsetWidth - 8);
    const isBelow = event.offsetY + 60 < this.#box.clientHeight;
    const y = isBelow ? event.offsetY + 16 : event.offsetY - 34;
    this.#tip.style.transform = `translate(${Math.max(0, left)}px, ${y}px)`;
  }

  #click(event: MouseEvent): void {
    const box = this.#boxAt(event);
    if (box !== undefined) zoomTo(this.#state, box.data.key);
  }
}

function cut(text: string, room: number): string {
  return text.length <= room ? text : `${text.slice(0, Math.max(0, Math.floor(room) - 1))}…`;
}
