import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteText, decimals, utf8 } from "../../src/text/byte_text.ts";

test("integer() writes what String() does", () => {
  const values = [0, 7, 9, 10, 99, 100, 12345, 2147483647, 2147483648, 9007199254740991, -1];
  for (const value of values) {
    const text = new ByteText(1);
    text.integer(value);
    assert.equal(text.toString(), String(value));
  }
});

test("integerRight() fills up with spaces, as padStart() does", () => {
  for (const value of [0, 7, 12345, 2147483647, 2147483648, 9007199254740991]) {
    for (const width of [0, 1, 7, 16]) {
      const text = new ByteText(0);
      text.integerRight(value, width);
      assert.equal(text.toString(), String(value).padStart(width));
    }
  }
});

test("ascii() and spaces() grow as they must", () => {
  const text = new ByteText(0);
  text.ascii("a".repeat(100));
  text.spaces(100);
  text.spaces(0);
  text.spaces(-1);
  assert.equal(text.toString(), "a".repeat(100) + " ".repeat(100));
});

test("digits() fills up with zeros", () => {
  const text = new ByteText(0);
  text.digits(42, 9);
  assert.equal(text.toString(), "000000042");
});

test("text() and bytes() grow as they must and keep what was there", () => {
  const text = new ByteText(2);
  const long = "ä€😀\n".repeat(1000);
  text.byte(0x78);
  text.text(long);
  text.bytes(utf8(long));
  assert.equal(text.toString(), "x" + long + long);
});

test("take() gives the bytes away and starts anew", () => {
  const text = new ByteText(8);
  text.text("one");
  assert.equal(new TextDecoder().decode(text.take()), "one");
  text.text("two");
  assert.equal(text.toString(), "two");
  assert.equal(text.length, 3);
});

test("putDigits() replaces digits where they stand", () => {
  const text = new ByteText(8);
  text.text("a12345b");
  text.putDigits(1, 678, 5);
  assert.equal(text.toString(), "a00678b");
});

test("copy() gives what stands there, and leaves it", () => {
  const text = new ByteText(8);
  text.text("abcdef");
  const into = new Uint8Array(3);
  text.copy(2, into);
  assert.deepEqual(into, utf8("cde"));
  assert.equal(text.toString(), "abcdef");
});

test("decimals() counts digits", () => {
  for (const value of [0, 9, 10, 99, 100, 999_999_999, 1_000_000_000, 2_147_483_647]) {
    assert.equal(decimals(value), String(value).length);
  }
});
