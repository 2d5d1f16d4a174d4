import assert from "node:assert/strict";
import { test } from "node:test";
import { PairQueue } from "../../src/serve/pair_queue.ts";
import { random } from "../support/random.ts";

test("pairs come out in the order in which they went in, whatever happens to the queue", () => {
  const queue = new PairQueue(1 << 12);
  const expected: [number, number][] = [];
  const next = random(7);
  for (let step = 0, number = 1; step < 50_000; step++) {
    if (next() < 0.55 && queue.length < 1 << 12) {
      assert.ok(queue.push(number, -number));
      expected.push([number, -number]);
      number++;
    } else if (queue.length > 0) {
      assert.deepEqual([queue.first, queue.second], expected.shift());
      queue.shift();
    }
    assert.equal(queue.length, expected.length);
  }
});

test("a full queue takes nothing more, and keeps what it has", () => {
  const queue = new PairQueue(1024);
  for (let i = 0; i < 1024; i++) assert.ok(queue.push(i, i));
  assert.equal(queue.push(9, 9), false);
  assert.equal(queue.length, 1024);
  queue.shift();
  assert.equal(queue.push(1024, 1024), true);
  for (let i = 1; i <= 1024; i++) {
    assert.equal(queue.first, i);
    queue.shift();
  }
  assert.equal(queue.length, 0);
});
