import assert from "node:assert/strict";
import test from "node:test";
import { decodeFixture, encodeFixture, readFixture } from "./fixture.ts";

test("encodeFixture() and decodeFixture() are each other's inverse for every byte", () => {
  const bytes = new Uint8Array([...Array(256).keys(), ...Array(300).fill(0x61), 10, 10, 0, 92]);
  const body = encodeFixture(bytes);
  assert.match(body, /^[\x20-\x7e\n]*$/);
  assert.deepEqual(decodeFixture(body), bytes);
});

test("decodeFixture() refuses what is neither plain nor an escape", () => {
  for (const body of ["\\q", "a\\", "\\x1", "\t", "\u00e9"]) {
    assert.throws(() => decodeFixture(body), SyntaxError, JSON.stringify(body));
  }
});

test("readFixture() gives the captured bytes", () => {
  const bytes = readFixture("proc/cmdline_empty_last.txt");
  assert.equal(new TextDecoder().decode(bytes), "cat\0/proc/self/cmdline\0\0");
  assert.equal(readFixture("proc/cmdline_100k.txt").length, 4 + 19 + 102401);
});
