/**
 * How long the frames of a page take while hands zoom and move its timeline.
 *
 * @module
 */
import type { Page } from "playwright-core";
import { openPage } from "../../support/browser.ts";

/** Steps of each movement. */
const STEPS = 40;
const WHEEL = 120;

/** Milliseconds from one frame to the next, in the order of time, without a GPU. */
export async function framesOf(html: string): Promise<number[]> {
  const opened = await openPage(html);
  try {
    const { page } = opened;
    await page.evaluate(NOTE_FRAMES);
    await move(page);
    const stamps = await page.evaluate<number[]>("fhFrames");
    return stamps.slice(1).map((time, at) => time - stamps[at]!);
  } finally {
    await opened.close();
  }
}

/** Zooms in and out around a point, drags to and fro, and scrolls. */
async function move(page: Page): Promise<void> {
  const { mouse } = page;
  const box = (await page.locator(".bars").boundingBox())!;
  const [x, y] = [box.x + box.width * 0.4, box.y + box.height / 2];
  await mouse.move(x, y);
  for (const way of [-WHEEL, WHEEL]) {
    for (let step = 0; step < STEPS / 2; step++) await mouse.wheel(0, way);
    await mouse.down();
    await mouse.move(x + box.width / 3, y + 60, { steps: STEPS });
    await mouse.move(x, y, { steps: STEPS });
    await mouse.up();
  }
}

/** Runs in the page. */
const NOTE_FRAMES = `
  globalThis.fhFrames = [];
  const note = (time) => {
    fhFrames.push(time);
    requestAnimationFrame(note);
  };
  requestAnimationFrame(note);`;
