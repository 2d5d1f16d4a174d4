/** So many questions at a time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Turns } from "../../src/web/turns.ts";

test("so many run, so many wait in their order, and others are refused", async () => {
  const turns = new Turns(2, 3);
  const began: number[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const act = (number: number) => () =>
    new Promise<number>((resolve, reject) => {
      began.push(number);
      ends[number] = (error) => error === undefined ? resolve(number) : reject(error);
    });
  const taken = [0, 1, 2, 3, 4].map((number) => turns.take(act(number))!);
  assert.equal(turns.take(act(5)), null);
  assert.deepEqual(began, [0, 1]);
  ends[1]!(new Error("it failed"));
  await assert.rejects(taken[1]!, /it failed/);
  assert.deepEqual(began, [0, 1, 2]);
  ends[0]!();
  assert.equal(await taken[0], 0);
  assert.deepEqual(began, [0, 1, 2, 3]);
  for (const number of [2, 3]) ends[number]!();
  await Promise.all([taken[2], taken[3]]);
  ends[4]!();
  await taken[4];
  // Nobody is left, and there is room again.
  const last = turns.take(act(6))!;
  ends[6]!();
  assert.equal(await last, 6);
});
