/**
 * Canvases as sharp as the screen.
 *
 * @module
 */

/** Makes a canvas so large, in CSS pixels, and gives what to draw with; null where it cannot. */
export function sized(
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
): CanvasRenderingContext2D | null {
  const ratio = devicePixelRatio || 1;
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== across || canvas.height !== down) {
    canvas.width = across;
    canvas.height = down;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext("2d");
  context?.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

/** Does something before the next picture, once, however often it is asked for. */
export class NextFrame {
  readonly #act: () => void;
  #asked = 0;

  constructor(act: () => void) {
    this.#act = act;
  }

  ask(): void {
    if (this.#asked !== 0) return;
    this.#asked = requestAnimationFrame(() => this.now());
  }

  /** Does it at once. */
  now(): void {
    this.cancel();
    this.#act();
  }

  cancel(): void {
    cancelAnimationFrame(this.#asked);
    this.#asked = 0;
  }
}
