import assert from "node:assert/strict";
import { test } from "node:test";
import { displayWidth, escapeText, fitWidth, isUnsafe } from "../../src/text/escape.ts";
import { random } from "../support/random.ts";
import { randomText } from "../support/random_text.ts";

test("escapeText() makes controls visible", () => {
  assert.equal(escapeText("a\n\r\t\x00\x1b[31m\x7f\x9b"), "a\\n\\r\\t\\x00\\x1b[31m\\x7f\\x9b");
});

test("escapeText() makes bidi controls and zero-width characters visible", () => {
  for (const code of [0x202a, 0x202e, 0x2066, 0x2069, 0x200e, 0x200f, 0x61c, 0x200b, 0x200d]) {
    const escaped = `\\u${code.toString(16).padStart(4, "0")}`;
    assert.equal(escapeText(`a${String.fromCodePoint(code)}b`), `a${escaped}b`);
  }
  assert.equal(escapeText("\ufeff\u2028\u00ad"), "\\ufeff\\u2028\\xad");
  assert.equal(escapeText("\u{e0041}"), "\\u{e0041}");
});

test("escapeText() shows half surrogate pairs and keeps whole ones", () => {
  assert.equal(escapeText("a\ud83db\udc00"), "a\\ud83db\\udc00");
  assert.equal(escapeText("\u{1f600}"), "\u{1f600}");
});

test("escapeText() keeps printable text as it is", () => {
  const text = "größe 東京 naïve e\u0301 ❤\ufe0f \\n 'x' \ufffd";
  assert.equal(escapeText(text), text);
});

test("escapeText() leaves nothing unsafe in any text", () => {
  const seed = 20_240_117;
  const next = random(seed);
  for (let i = 0; i < 2000; i++) {
    const text = escapeText(randomText(next));
    assert.ok(!isUnsafe(text), `seed ${seed}, text ${i}: ${JSON.stringify(text)}`);
    assert.ok(text.isWellFormed());
  }
});

test("displayWidth() counts cells", () => {
  const widths: [string, number][] = [
    ["", 0],
    ["abc", 3],
    ["größe", 5],
    ["e\u0301", 1],
    ["東京", 4],
    ["한글", 4],
    ["カﾅ", 3],
    ["Ａ！", 4],
    ["\u{1f600}", 2],
    ["\u{1f1e9}\u{1f1ea}", 2],
    ["Привет", 6],
    ["…", 1],
    ["│├─", 3],
  ];
  for (const [text, cells] of widths) assert.equal(displayWidth(text), cells, text);
});

test("fitWidth() cuts what is too wide", () => {
  assert.equal(fitWidth("abcdef", 6), "abcdef");
  assert.equal(fitWidth("abcdef", 5), "abcd…");
  assert.equal(fitWidth("abcdef", 1), "…");
  assert.equal(fitWidth("abcdef", 0), "");
  assert.equal(fitWidth("", 0), "");
  assert.equal(fitWidth("東京都", 6), "東京都");
  assert.equal(fitWidth("東京都", 5), "東京…");
  assert.equal(fitWidth("東京都", 4), "東…");
  assert.equal(fitWidth("abe\u0301f", 4), "abe\u0301f");
  assert.equal(fitWidth("abe\u0301fg", 4), "abe\u0301…");
});

test("fitWidth() never exceeds the width, and cuts only when it must", () => {
  const seed = 99;
  const next = random(seed);
  for (let i = 0; i < 2000; i++) {
    const text = escapeText(randomText(next));
    const cells = Math.floor(next() * 30);
    const fitted = fitWidth(text, cells);
    assert.ok(displayWidth(fitted) <= cells, `seed ${seed}, text ${i}`);
    if (displayWidth(text) <= cells) assert.equal(fitted, text);
  }
});
