import assert from "node:assert/strict";
import { test } from "node:test";
import { isTarget, parseTarget } from "../../../src/ask/text/target.ts";
import type { CommandError } from "../../../src/fault.ts";

const NOW = Date.UTC(2026, 10, 24, 12);

test("parseTarget() takes a pid, a pid at a time, and an id", () => {
  assert.deepEqual(parseTarget("4711", NOW), { pid: 4711, at: null, id: null });
  assert.deepEqual(parseTarget("4711@2026-11-24T03:12:00Z", NOW), {
    pid: 4711,
    at: Date.UTC(2026, 10, 24, 3, 12),
    id: null,
  });
  for (const id of ["7c0a51fe-4711-88123", "7c0a51fe-4711-~88123", "7c0a51fe-4711-88123.2"]) {
    assert.deepEqual(parseTarget(id, NOW), { pid: 4711, at: null, id });
  }
});

test("parseTarget() refuses what is none of these", () => {
  for (const text of ["", "nginx", "0", "-1", "4711@", "4711@soon", "4711@2027-01-01", "7c-1-2"]) {
    assert.throws(() => parseTarget(text, NOW), (error: CommandError) => error.status === 2, text);
  }
});

test("isTarget() tells numbers from names", () => {
  for (const text of ["1", "1@x", "7c0a51fe-4711-88123"]) assert.ok(isTarget(text), text);
  for (const text of ["nginx", "7zip", "2ping"]) assert.ok(!isTarget(text), text);
});
