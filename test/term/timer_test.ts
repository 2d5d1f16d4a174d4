import assert from "node:assert/strict";
import { test } from "node:test";
import { after } from "../../src/term/timer.ts";

test("after() calls when the time is over", async () => {
  const start = performance.now();
  await new Promise<void>((resolve) => after(20e6, resolve));
  assert.ok(performance.now() - start >= 19);
});

test("after() waits for more days than a timer has", async () => {
  let called = false;
  const cancel = after(60 * 86_400e9, () => called = true);
  await new Promise((resolve) => setTimeout(resolve, 20));
  cancel();
  assert.equal(called, false);
});

test("after() can be taken back", async () => {
  let called = false;
  after(1e6, () => called = true)();
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(called, false);
});
