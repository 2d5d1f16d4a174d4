/** Moments as pages show them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { clockOf, dayOf } from "../../src/text/clock.ts";

test("a moment is told in local time, as a day and the time of that day", () => {
  const moment = new Date(2026, 0, 5, 7, 8, 9);
  assert.deepEqual([dayOf(moment), clockOf(moment)], ["2026-01-05", "07:08:09"]);
});
