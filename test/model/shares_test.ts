import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { restingShare, Shares, TimeShares } from "../../src/model/shares.ts";

/** Takes one by one until that is refused; how many were taken. */
function takeAll(shares: Shares, uid: number): number {
  let taken = 0;
  while (taken < 10_000 && shares.take(uid, 1)) taken++;
  return taken;
}

test("one user gets half of what is not root's, and there is always something left", () => {
  const shares = new Shares(1000, 200);
  equal(takeAll(shares, 1), 400);
  equal(takeAll(shares, 2), 200);
  equal(takeAll(shares, 3), 100);
  equal(takeAll(shares, 1), 0);
  equal(shares.largest, 1);
});

test("what is set aside for root is there whatever others hold", () => {
  const shares = new Shares(1000, 200);
  for (let uid = 1; uid < 500; uid++) takeAll(shares, uid);
  ok(shares.used <= 800);
  ok(takeAll(shares, 0) >= 200);
  equal(shares.used, 1000);
});

test("who gives back may take again, and never more than he held", () => {
  const shares = new Shares(100, 0);
  equal(takeAll(shares, 7), 50);
  shares.give(7, 20);
  equal(shares.held(7), 30);
  equal(takeAll(shares, 7), 20);
  shares.give(7, 500);
  deepEqual([shares.held(7), shares.used, shares.largest], [0, 0, null]);
});

test("no user holds more than the most, root excepted", () => {
  const shares = new Shares(1000, 0, 10);
  equal(takeAll(shares, 1), 10);
  equal(takeAll(shares, 0), 990);
});

test("what is charged counts even beyond the share", () => {
  const shares = new Shares(100, 0);
  shares.charge(1, 300);
  equal(shares.take(1, 1), false);
  equal(shares.take(2, 1), false);
  shares.give(1, 300);
  ok(shares.take(2, 1));
});

test("time is refilled as it passes, for one user and for all", () => {
  const time = new TimeShares(0.2, 100);
  ok(time.may(1, 0));
  time.spend(1, 150, 0);
  equal(time.may(1, 0), false);
  equal(time.left(1, 600), 10);
  time.spend(2, 100, 600);
  // Both together have spent 250 of 200 and of what came meanwhile.
  equal(time.may(3, 600), true);
  time.spend(3, 100, 600);
  equal(time.may(4, 600), false);
  equal(time.may(0, 600), true);
  equal(time.may(4, 60_000), true);
});

test("a clock that stands still or goes back refills nothing", () => {
  const time = new TimeShares(0.2, 100);
  time.spend(1, 200, 1000);
  equal(time.may(1, 1000), false);
  equal(time.may(1, 10), false);
});

test("where all have taken what they want, n have 1/(n+1) each; who needs less keeps it", () => {
  equal(restingShare(900, []), 900);
  equal(restingShare(900, [5000]), 450);
  equal(restingShare(900, [5000, 400, 5000]), 225);
  equal(restingShare(900, [5000, 100]), 400);
  equal(restingShare(900, [100, 200]), 600, "nobody is beyond it");
  const shares = new Shares(9000, 0);
  while ([1, 2].filter((uid) => shares.take(uid, 1)).length > 0);
  equal(shares.held(1), restingShare(9000, [9000, 9000]));
});
