import { ok } from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { openThreadClock } from "../../src/host/thread_clock.ts";

test("a thread's clock counts its work, and stands still while it sleeps", async () => {
  const worked = await openThreadClock();
  const began = worked();
  for (let calls = 0; worked() - began < 20; calls++) ok(calls < 1e8, "it goes on");
  const rested = worked();
  const sleepBegan = performance.now();
  await delay(400);
  ok(worked() - rested < (performance.now() - sleepBegan) / 2);
});
