import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { ThreadTime } from "../../src/model/common_shares.ts";
import { TimeShares } from "../../src/model/shares.ts";

test("a user pays for what the thread worked, not for what passed while others had its CPU", () => {
  let [worked, passed] = [0, 0];
  const time = new ThreadTime(new TimeShares(0.2, 100), () => worked, () => passed);
  time.run(1, () => {
    worked += 60;
    passed += 900;
  });
  time.run(1, () => {
    worked += 60;
    passed += 60;
  });
  deepEqual([time.may(1), time.may(2)], [false, true]);
  passed += 500;
  deepEqual(time.may(1), true);
});
