import assert from "node:assert/strict";
import { test } from "node:test";
import { PairQueue } from "../../src/serve/pair_queue.ts";
import { random } from "../support/random.ts";

test("pairs come out in the order in which they went in, whatever happens to the queue", () => {
  const queue = new PairQueue();
  const expected: [number, number][] = [];
  const next = random(7);
  for (let step = 0, number = 1; step < 50_000; step++) {
    if (next() < 0.55 && queue.length < 1 << 12) {
      queue.push(number, -number);
      expected.push([number, -number]);
      number++;
    } else if (queue.length > 0) {
      assert.deepEqual([queue.first, queue.second], expected.shift());
      queue.shift();
    }
    assert.equal(queue.length, expected.length);
  }
});

test("a long queue that was told takes no memory any more, whatever is put in meanwhile", () => {
  const queue = new PairQueue();
  for (let i = 0; i < 100_000; i++) queue.push(i, -i);
  for (let i = 0; i < 100_000; i++) {
    assert.equal(queue.first, i);
    queue.shift();
    if (i % 10 === 0) queue.push(100_000 + i / 10, 7);
  }
  assert.equal(queue.length, 10_000);
  for (let i = 0; i < 10_000; i++) {
    assert.deepEqual([queue.first, queue.second], [100_000 + i, 7]);
    queue.shift();
  }
  assert.equal(queue.length, 0);
});
