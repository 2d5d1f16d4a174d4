import assert from "node:assert/strict";
import test from "node:test";
import { storageBytesOf } from "../../src/proc/io.ts";
import { readFixture } from "../support/fixture.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const storage = (text: string) => storageBytesOf(bytesOf(text), text.length);

test("storageBytesOf() gives what storage was asked for, not what was read from a cache", () => {
  const bytes = readFixture("proc/io.txt");
  assert.deepEqual(storageBytesOf(bytes, bytes.length), {
    readBytes: 1265664,
    writeBytes: 1576960,
  });
});

test("storageBytesOf() does not take what was taken back for what was written", () => {
  const text = "rchar: 1\nread_bytes: 2\ncancelled_write_bytes: 4\nwrite_bytes: 3\n";
  assert.deepEqual(storage(text), { readBytes: 2, writeBytes: 3 });
});

test("storageBytesOf() gives null when the file is cut before its last wanted line ends", () => {
  const bytes = readFixture("proc/io.txt");
  const wanted = new TextDecoder().decode(bytes).indexOf("cancelled");
  for (let end = 0; end < wanted; end++) assert.equal(storageBytesOf(bytes, end), null, `${end}`);
  assert.notEqual(storageBytesOf(bytes, wanted), null);
});

test("storageBytesOf() gives null when a line is absent or malformed", () => {
  for (
    const text of [
      "",
      "rchar: 1\nwrite_bytes: 3\n",
      "rchar: 1\nread_bytes: 3\n",
      "rchar: 1\nread_bytes: -2\nwrite_bytes: 3\n",
      "rchar: 1\nread_bytes: \nwrite_bytes: 3\n",
    ]
  ) assert.equal(storage(text), null, JSON.stringify(text));
});
