import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseUptime } from "../../src/proc/uptime.ts";

test("parseUptime() gives milliseconds", () => {
  assert.equal(parseUptime("4985.07 9633.55\n"), 4_985_070);
  assert.equal(parseUptime("0.00 0.00\n"), 0);
});

test("parseUptime() refuses what is cut or malformed", () => {
  for (const text of ["", "4985", "4985.0 1", "4985.070 1", "-1.00 1.00", "x.00 1.00"]) {
    assert.equal(parseUptime(text), null, text);
  }
});

test("parseUptime() reads the file of this kernel", () => {
  assert.ok(parseUptime(readFileSync("/proc/uptime", "utf8"))! > 0);
});
