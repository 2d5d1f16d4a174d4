import assert from "node:assert/strict";
import { test } from "node:test";
import { median, quantile } from "./stats.ts";
import { number, table } from "./table.ts";

test("table() aligns columns and escapes bars", () => {
  assert.deepEqual(table(["a", "long name"], [["x|y", "1"]]), [
    "| a    | long name |",
    "| ---- | --------- |",
    "| x\\|y | 1         |",
  ]);
});

test("number() keeps the digits that matter", () => {
  assert.equal(number(0.23611), "0.236");
  assert.equal(number(12_345.6), "12 346");
  assert.equal(number(0), "0");
  assert.equal(number(NaN), "–");
});

test("quantile() interpolates", () => {
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.equal(quantile([1, 2, 3, 4, 5], 1), 5);
  assert.ok(Number.isNaN(median([])));
});
