import assert from "node:assert/strict";
import { test } from "node:test";
import { limitsOf, parseThreshold } from "../../../src/cmd/trouble/limits.ts";
import { INITIAL_LIMITS } from "../../../src/detect/thresholds.ts";
import { UsageError } from "../../../src/fault.ts";

test("thresholds are given by name, several of them, and the last of one counts", () => {
  const given = ["loop-times=3", "stuck=5m", "loop-times=4"].map((text) => parseThreshold(text));
  assert.deepEqual(limitsOf(given), { ...INITIAL_LIMITS, "loop-times": 4, stuck: 300e9 });
  assert.deepEqual(limitsOf(), INITIAL_LIMITS);
});

test("once is no loop, and no time is no stretch", () => {
  for (const text of ["loop-times=1", "failing-times=1", "storm-stretch=0s", "quiet=0s"]) {
    assert.throws(() => parseThreshold(text), UsageError, text);
  }
});

test("what is no threshold, or no value of one, is refused", () => {
  for (const text of ["", "=", "loop", "toString=1", "loop-times", "loop-times=", "stuck=3"]) {
    assert.throws(() => parseThreshold(text), UsageError, text);
  }
  for (const value of ["0", "-1", "1.5", "1e3", "x", "9999999999"]) {
    assert.throws(() => parseThreshold(`loop-times=${value}`), UsageError, value);
  }
});
