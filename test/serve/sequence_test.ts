import assert from "node:assert/strict";
import { test } from "node:test";
import { baseOf, Sequence } from "../../src/serve/sequence.ts";

const EPOCH = { seconds: 1_700_000_000, ns: 999_999_500 };

test("a number is the time in microseconds since the Unix epoch", () => {
  const sequence = new Sequence(EPOCH, 0);
  assert.equal(sequence.next(5_000_000), 1_700_000_000_999_999 + 5000);
  assert.equal(sequence.last, 1_700_000_001_004_999);
});

test("numbers grow where times do not", () => {
  const sequence = new Sequence(EPOCH, 1000);
  const numbers = [9000, 9000, 9999, 5000, 10_000, 20_000].map((time) => sequence.next(time));
  const base = baseOf(EPOCH);
  assert.deepEqual(numbers.map((number) => number - base), [9, 10, 11, 12, 13, 20]);
});

test("the same events have the same numbers from whatever place they are counted again", () => {
  const times = Array.from({ length: 1000 }, (_, i) => i * 1700 + (i % 7) * 900);
  times.sort((a, b) => a - b);
  const whole = new Sequence(EPOCH, 0);
  const all = times.map((time) => whole.next(time));
  const later = new Sequence(baseOf(EPOCH), 0);
  const again = times.slice(400).map((time) => later.next(time));
  // Only the first may have been pushed on by one that is not counted here.
  assert.deepEqual(again.slice(7), all.slice(407));
});
