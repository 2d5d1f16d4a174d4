import assert from "node:assert/strict";
import { test } from "node:test";
import { ExecImages } from "../../../src/source/connector/exec_images.ts";

test("an image is read once, by whoever tells of the exec first", () => {
  const read: number[] = [];
  let now = 0;
  const images = new ExecImages((pid) => {
    read.push(pid);
    return pid === 30 ? null : new Uint8Array([pid]);
  }, () => ++now);
  images.ring(1, 10);
  assert.deepEqual(images.take(1, 10), new Uint8Array([10]));
  assert.equal(images.readAt, 1);
  assert.deepEqual(images.take(2, 20), new Uint8Array([20]));
  assert.equal(images.readAt, 2);
  images.ring(2, 20);
  images.ring(3, 30);
  assert.equal(images.take(3, 30), null);
  assert.deepEqual(read, [10, 20, 30]);
  assert.equal(images.waiting, 0);
});

test("execs of which one socket loses the counterpart do not pile up", () => {
  const lost = new ExecImages(() => null, () => 0);
  for (let key = 0; key < 150_000; key++) lost.take(key, 1);
  assert.equal(lost.waiting, 100_000);
  const unheard = new ExecImages(() => null, () => 0);
  for (let key = 0; key < 150_000; key++) unheard.ring(key, 1);
  assert.equal(unheard.waiting, 100_000);
  assert.ok(unheard.full);
  unheard.clear();
  assert.equal(unheard.waiting, 0);
});
