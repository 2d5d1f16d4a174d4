import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { framesToSvg } from "../../scripts/demo/svg.mjs";

const FRAMES = [
  { atMs: 0, lines: ["$ \x1b[1mls\x1b[0m", ""] },
  { atMs: 500, lines: ["$ \x1b[1mls\x1b[0m", "a\x1b[31m<b>\x1b[39m &c   "] },
];

test("a line that is shown twice stands in the picture once, in its styles and columns", () => {
  const svg = framesToSvg({ frames: FRAMES, columns: 10, rows: 2, lengthMs: 1000 });
  assert.equal(svg.match(/<text /g)?.length, 2);
  assert.equal(svg.match(/href="#l0" y="0"/g)?.length, 2);
  assert.match(svg, /<tspan x="16\.8" textLength="16\.8" font-weight="bold">ls<\/tspan>/);
  assert.match(svg, /<tspan x="8\.4" textLength="25\.2" fill="#ff7b72">&lt;b><\/tspan>/);
  assert.match(svg, /<tspan x="33\.6" textLength="25\.2">\u00a0&amp;c<\/tspan>/);
});

test("each frame is seen until the next, and the last until it begins anew", () => {
  const svg = framesToSvg({ frames: FRAMES, columns: 10, rows: 2, lengthMs: 1000 });
  assert.match(svg, /values="visible;hidden" keyTimes="0;0\.50000"/);
  assert.match(svg, /values="hidden;visible" keyTimes="0;0\.50000"/);
});

test("the demo loads nothing, runs nothing, and shows what it says", () => {
  const svg = readFileSync(new URL("../../docs/demo.svg", import.meta.url), "utf8");
  assert.doesNotMatch(svg, /<script|<image|href="[^#]|url\(|on\w+=/);
  const text = svg.replace(/<[^>]*>/g, "").replaceAll("\u00a0", " ");
  for (const words of ["fh watch", "fh run", "fh why", "copy-files", "adopted by 1"]) {
    assert.ok(text.includes(words), words);
  }
});
