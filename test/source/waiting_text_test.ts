import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeImage, Image, NO_IMAGE } from "../../src/model/image.ts";
import { WaitingText } from "../../src/source/waiting_text.ts";

const KIB = 1024;
const encoder = new TextEncoder();
const text = (bytes: number) =>
  encodeImage({
    ...NO_IMAGE.parts,
    argv: encoder.encode("x".repeat(bytes)),
  });
const isWhole = (image: Uint8Array) => Image.decode(image).argvMore === 0;

test("what one user's programs have waiting is bounded, and takes no room from others", () => {
  const waiting = new WaitingText(1000 * KIB, 200 * KIB);
  const admit = (uid: number) => isWhole(waiting.admit(text(64 * KIB), () => uid));
  const mine = Array.from({ length: 10 }, () => admit(1));
  assert.equal(mine.filter(Boolean).length, 6);
  assert.deepEqual([admit(2), admit(0), admit(1)], [true, true, false]);
});

test("room comes back with the batches that the other thread has taken, in their order", () => {
  const waiting = new WaitingText(400 * KIB, 0);
  const admit = () => isWhole(waiting.admit(text(100 * KIB), () => 1));
  assert.deepEqual([admit(), admit()], [true, false]);
  // Counters come round.
  waiting.posted(0x7fff_fff0);
  waiting.consumed(0x7fff_ff00);
  assert.equal(admit(), false);
  waiting.consumed(0x7fff_fff0);
  assert.equal(admit(), true);
  waiting.posted((0x7fff_fff0 + 100) | 0);
  waiting.consumed((0x7fff_fff0 + 99) | 0);
  assert.equal(admit(), false);
  waiting.consumed((0x7fff_fff0 + 200) | 0);
  assert.equal(admit(), true);
});

test("the user is asked for where a text is long alone", () => {
  const waiting = new WaitingText(0, 0);
  const short = text(100);
  assert.equal(waiting.admit(short, () => assert.fail("asked")), short);
});
