import assert from "node:assert/strict";
import { test } from "node:test";
import { Stopped } from "../src/fault.ts";
import { Breath, finish, pause, type Steps } from "../src/steps.ts";

const LONG_MS = 60_000;

function* counting(to: number): Steps<number> {
  for (let at = 0; at < to; at++) yield;
  return to;
}

test("pause() ends with its time, and at once when its signal is aborted", async () => {
  const began = performance.now();
  await pause(20);
  assert.ok(performance.now() - began >= 19);
  const before = new AbortController();
  before.abort();
  await pause(LONG_MS, before.signal);
  const during = new AbortController();
  const paused = pause(LONG_MS, during.signal);
  during.abort();
  await paused;
  assert.ok(performance.now() - began < LONG_MS);
});

test("steps are done with pauses and without, and a signal ends them between two", async () => {
  assert.equal(finish(counting(3)), 3);
  const controller = new AbortController();
  const breath = new Breath(controller.signal, 0);
  assert.equal(await breath.finish(counting(3)), 3);
  controller.abort("SIGINT");
  await assert.rejects(breath.finish(counting(3)), Stopped);
});
