import assert from "node:assert/strict";
import { test } from "node:test";
import { shortJson } from "../../src/model/short_json.ts";

test("shortJson() writes what JSON.stringify() writes", () => {
  const values = [1, 'a"\n', true, null, [], {}, [1, [2, "x"], {}], {
    a: [1, { b: null }],
    "c d": 2,
  }];
  for (const value of values) assert.equal(shortJson(value, 1000), JSON.stringify(value));
  assert.equal(shortJson(undefined, 1000), "undefined");
});

test("shortJson() cuts a long value", () => {
  assert.equal(shortJson("abcdefghij", 8), '"abcdef…');
  assert.equal(shortJson([1, 2, 3, 4, 5, 6], 8), "[1,2,3,…");
  assert.equal(shortJson([1, 2], 5), "[1,2]");
});

test("shortJson() cuts values nested 500 000 deep", () => {
  const depth = 500_000;
  const lists = JSON.parse("[".repeat(depth) + "]".repeat(depth));
  assert.equal(shortJson(lists, 10), `${"[".repeat(9)}…`);
  const objects = JSON.parse('{"a":'.repeat(depth) + "1" + "}".repeat(depth));
  assert.equal(shortJson(objects, 10), '{"a":{"a"…');
});
