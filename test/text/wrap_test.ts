import assert from "node:assert/strict";
import { test } from "node:test";
import { wrap } from "../../src/text/wrap.ts";

test("wrap() breaks between words, and measures cells", () => {
  assert.deepEqual(wrap("one two three", 7), ["one two", "three"]);
  assert.deepEqual(wrap("東京 東京", 8), ["東京", "東京"]);
  assert.deepEqual(wrap("東京 東京", 9), ["東京 東京"]);
  assert.deepEqual(wrap("a longer-than-that b", 4), ["a", "longer-than-that", "b"]);
  assert.deepEqual(wrap("one two", Infinity), ["one two"]);
});

test("wrap() escapes what others chose", () => {
  assert.deepEqual(wrap("a\x1b[31m\nb", 20), ["a\\x1b[31m\\nb"]);
});
