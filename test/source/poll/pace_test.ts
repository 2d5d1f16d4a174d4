import assert from "node:assert/strict";
import { test } from "node:test";
import { ACTIVE_NS, Pace, QUIET_NS } from "../../../src/source/poll/pace.ts";

test("period() is short while things happen and grows while nothing does", () => {
  const pace = new Pace(null, true);
  pace.active(0);
  assert.equal(pace.period(1e6), ACTIVE_NS);
  const periods = Array.from({ length: 20 }, (_, i) => pace.period(10e9 + i));
  assert.equal(periods[0], ACTIVE_NS);
  assert.equal(periods.at(-1), QUIET_NS);
  assert.ok(periods.every((period, i) => i === 0 || period >= periods[i - 1]!));
  pace.active(20e9);
  assert.equal(pace.period(20e9), ACTIVE_NS);
});

test("period() never goes below the interval that was asked for", () => {
  const pace = new Pace(20e6, true);
  pace.active(0);
  for (const now of [0, 1e6, 1e9, 10e9]) assert.ok(pace.period(now) >= 20e6);
});

test("period() is longer where each look lists all of /proc", () => {
  const pace = new Pace(null, false);
  assert.ok(pace.period(0) > ACTIVE_NS);
});
