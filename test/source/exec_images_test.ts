import assert from "node:assert/strict";
import { test } from "node:test";
import { ExecImages } from "../../src/source/exec_images.ts";

const bytes = (value: number) => () => new Uint8Array([value]);

test("an image is read once, by whoever tells of the exec first", () => {
  const images = new ExecImages();
  images.ring(1, bytes(1));
  assert.deepEqual(images.take(1, bytes(2)), new Uint8Array([1]));
  assert.deepEqual(images.take(2, bytes(3)), new Uint8Array([3]));
  images.ring(2, () => assert.fail("it was read"));
  images.ring(3, () => null);
  assert.equal(images.take(3, () => assert.fail("it was gone")), null);
  assert.equal(images.waiting, 0);
});

test("execs of which one socket loses the counterpart do not pile up", () => {
  const lost = new ExecImages();
  for (let key = 0; key < 150_000; key++) lost.take(key, () => null);
  assert.equal(lost.waiting, 100_000);
  lost.ring(149_999, () => assert.fail("it was read"));
  const unheard = new ExecImages();
  for (let key = 0; key < 150_000; key++) unheard.ring(key, () => null);
  assert.equal(unheard.waiting, 100_000);
  assert.ok(unheard.full);
  unheard.clear();
  assert.equal(unheard.waiting, 0);
});
