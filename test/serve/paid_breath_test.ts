import assert from "node:assert/strict";
import { test } from "node:test";
import { ThreadTime } from "../../src/model/common_shares.ts";
import { TimeShares } from "../../src/model/shares.ts";
import { PaidBreath } from "../../src/serve/paid_breath.ts";

const ANN = 1000;

test("work rests while its user has no time left, and goes on when they have some", async () => {
  let worked = 0;
  // A tenth of a thread for one user, 10 ms at once.
  const time = new ThreadTime(new TimeShares(0.2, 10), () => worked, () => performance.now());
  const breath = new PaidBreath(new AbortController().signal, 0, time, ANN);
  const began = performance.now();
  worked += 5;
  await breath.take();
  assert.ok(time.may(ANN));
  worked += 15;
  await breath.take();
  // Ten milliseconds of debt are paid in a hundred.
  assert.ok(performance.now() - began >= 90);
  assert.ok(time.may(ANN));
});

test("a signal ends a rest", async () => {
  let worked = 0;
  const controller = new AbortController();
  const time = new ThreadTime(new TimeShares(0.2, 10), () => worked, () => 0);
  const breath = new PaidBreath(controller.signal, 0, time, ANN);
  worked = 1000;
  const taken = breath.take();
  controller.abort("SIGTERM");
  await assert.rejects(taken, /SIGTERM/);
});
