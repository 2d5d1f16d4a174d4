import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeImage, Image, NO_IMAGE } from "../../src/model/image.ts";
import {
  FORKED,
  hasExecuted,
  knownImage,
  onlyName,
  startsAlike,
} from "../../src/source/likeness.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function buffer(text: string): Uint8Array {
  const filled = new Uint8Array(16);
  filled.set(bytes(text));
  return filled;
}

test("startsAlike() compares the whole of a short command line", () => {
  const alike = (read: string, argv: string) => {
    return startsAlike(buffer(read), read.length, { argv: bytes(argv) });
  };
  assert.equal(alike("sh\0-c\0", "sh\0-c\0"), true);
  assert.equal(alike("sh\0-c\0", "sh\0"), false);
  assert.equal(alike("sh\0", "sh\0-c\0"), false);
  assert.equal(alike("ls\0", "sh\0"), false);
});

test("startsAlike() compares as much of a long one as was read", () => {
  const long = "0123456789abcdefghij\0";
  assert.equal(startsAlike(buffer(long.slice(0, 16)), 16, { argv: bytes(long) }), true);
  assert.equal(startsAlike(buffer("x" + long.slice(1, 16)), 16, { argv: bytes(long) }), false);
  assert.equal(startsAlike(buffer("sh\0"), 3, { argv: null }), false);
});

test("a command line of which the beginning is known is compared as far as that goes", () => {
  const known = knownImage(encodeImage({ ...NO_IMAGE.parts, argv: bytes("x".repeat(5000)) })).parts;
  assert.deepEqual([known.argv!.length, known.argvMore], [1024, 5000 - 1024]);
  const read = bytes("x".repeat(4096));
  assert.equal(startsAlike(read, 4096, known), true);
  assert.equal(startsAlike(read, 1000, known), false);
  read[1000] = 0;
  assert.equal(startsAlike(read, 4096, known), false);
});

test("onlyName() is an image of another name, and null where nothing tells them apart", () => {
  const image = Image.decode(encodeImage({ ...NO_IMAGE.parts, comm: bytes("sh") }));
  assert.equal(onlyName(bytes("sh"), image), null);
  assert.equal(onlyName(null, image), null);
  assert.equal(onlyName(bytes("sh"), NO_IMAGE), null);
  assert.equal(Image.decode(onlyName(bytes("true"), image)).comm, "true");
});

const imageOf = (exe: string | null) =>
  new Image({ ...NO_IMAGE.parts, exe: exe === null ? null : new TextEncoder().encode(exe) });
const FORK = 0x40;
const mark = (flags: number, startStack = 0) => ({ flags, startStack });

test("hasExecuted() tells a first exec from a title of what never executed anything", () => {
  const same = [imageOf("/a"), imageOf("/a")] as const;
  assert.equal(hasExecuted(FORKED, mark(0), ...same), true);
  assert.equal(hasExecuted(FORKED, mark(FORK, 9), ...same), false);
  assert.equal(hasExecuted(null, mark(FORK), imageOf("/a"), imageOf("/b")), false);
  assert.equal(hasExecuted(FORKED, null, ...same), false, "gone before that was read");
});

test("hasExecuted() tells a later exec by the stack, else by the executable", () => {
  const [a, b, none] = [imageOf("/a"), imageOf("/b"), imageOf(null)];
  assert.equal(hasExecuted(mark(0, 7), mark(0, 8), a, a), true);
  assert.equal(hasExecuted(mark(0, 7), mark(0, 7), a, a), false);
  for (const before of [null, mark(0), mark(0, 7)]) {
    assert.equal(hasExecuted(before, mark(0), a, b), true);
    assert.equal(hasExecuted(before, mark(0), a, a), false);
    assert.equal(hasExecuted(before, mark(0), none, none), false);
  }
});
