import assert from "node:assert/strict";
import { test } from "node:test";
import { barCells, type BarStyle } from "../../src/view/bar.ts";
import { random } from "../support/random.ts";

/** Ten cells of ten milliseconds. */
const SCALE = { since: 1000, until: 1100 };
const ENDED: BarStyle = { ascii: false, failed: false, goesOn: false };

const bar = (from: number | null, to: number | null, style: Partial<BarStyle> = {}) =>
  `[${barCells(from, to, SCALE, 10, { ...ENDED, ...style })}]`;

test("a bar is drawn to an eighth of a cell at its end, to a half at its beginning", () => {
  assert.equal(bar(1000, 1100), "[██████████]");
  assert.equal(bar(1020, 1050), "[  ███     ]");
  assert.equal(bar(1025, 1055), "[  ▐██▌    ]");
  assert.equal(bar(1000, 1001), "[▏         ]");
  assert.equal(bar(1000, 1007), "[▊         ]");
  assert.equal(bar(1008, 1100), "[▕█████████]");
});

test("what is too short for a cell is seen all the same, where it was", () => {
  assert.equal(bar(1041, 1041), "[    ▏     ]");
  assert.equal(bar(1049, 1049), "[    ▕     ]");
  assert.equal(bar(1043, 1048), "[    ▐     ]");
  assert.equal(bar(1100, 1100), "[         ▕]");
});

test("what began before the scale, or goes on behind it, is marked", () => {
  assert.equal(bar(500, 1050), "[◂████     ]");
  assert.equal(bar(1050, 2000), "[     ████▸]");
  assert.equal(bar(1050, 1100, { goesOn: true }), "[     ████▸]");
  assert.equal(bar(500, 2000), "[◂████████▸]");
  assert.equal(bar(500, 600), "[◂         ]");
  assert.equal(bar(1500, 1600), "[         ▸]");
});

test("a failure is marked behind the end, in the last cell where there is no room", () => {
  assert.equal(bar(1020, 1050, { failed: true }), "[  ███✗    ]");
  assert.equal(bar(1020, 1100, { failed: true }), "[  ███████✗]");
  assert.equal(bar(500, 1005, { failed: true }), "[▌✗        ]");
});

test("what is not known is no guess", () => {
  assert.equal(bar(null, null), "[?         ]");
  assert.equal(bar(null, 1050), "[◂████     ]");
  assert.equal(bar(1020, null), "[  ▏?      ]");
});

test("an ASCII bar has the same cells", () => {
  assert.equal(bar(1020, 1050, { ascii: true }), "[  ===     ]");
  assert.equal(bar(1041, 1042, { ascii: true, failed: true }), "[    |x    ]");
  assert.equal(bar(500, 2000, { ascii: true }), "[<========>]");
});

test("a bar always has its cells", () => {
  const seed = 77;
  const next = random(seed);
  for (let i = 0; i < 5000; i++) {
    const [from, to] = [900 + next() * 300, 900 + next() * 300].sort((a, b) => a - b);
    const cells = 1 + Math.floor(next() * 40);
    const style = { ascii: next() < 0.5, failed: next() < 0.5, goesOn: next() < 0.5 };
    const text = barCells(
      next() < 0.1 ? null : from!,
      next() < 0.1 ? null : to!,
      SCALE,
      cells,
      style,
    );
    assert.equal(text.length, cells, `seed ${seed}, bar ${i}`);
    assert.notEqual(text.trim(), "", `seed ${seed}, bar ${i}`);
    if (style.ascii) assert.match(text, /^[\x20-\x7e]+$/);
  }
});
