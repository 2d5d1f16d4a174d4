import assert from "node:assert/strict";
import { test } from "node:test";
import { timeOrder } from "../../src/model/time_order.ts";
import { random } from "../support/random.ts";

/** The same by comparing. */
function compared(times: Float64Array): number[] {
  const all = [...times];
  return all.map((_, at) => at).sort((a, b) =>
    all[a] === all[b] ? a - b : all[a]! < all[b]! ? -1 : 1
  );
}

test("times of any size are put in order, equal ones in the order of their places", () => {
  const next = random(11);
  const kinds: ((at: number) => number)[] = [
    () => Math.floor(next() * 50),
    () => Math.floor(next() * 5e6) - 2e6,
    () => Math.floor(next() * 2 ** 40),
    () => Math.floor((next() - 0.5) * 2 ** 51),
    () => Math.floor((next() - 0.5) * 2 ** 62),
    (at) => at % 2 === 0 ? 2 ** 32 - 1 : 0,
    (at) => at % 2 === 0 ? 2 ** 32 : 0,
    () => 7,
    (at) => -at,
  ];
  for (const kind of kinds) {
    for (const count of [0, 1, 2, 63, 64, 500, 5000]) {
      const times = Float64Array.from({ length: count }, (_, at) => kind(at));
      assert.deepEqual([...timeOrder(times)], compared(times), `${kind} ${count}`);
    }
  }
});
