import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeText, splitArgv } from "../../src/model/image.ts";
import { ByteText } from "../../src/text/byte_text.ts";
import { appendArgv, appendString } from "../../src/text/json_bytes.ts";
import { jsonText } from "../../src/text/json_text.ts";
import { random } from "../support/random.ts";
import { randomText } from "../support/random_text.ts";

const encoder = new TextEncoder();

function written(append: (to: ByteText) => void): string {
  const text = new ByteText(0);
  append(text);
  return text.toString();
}

const stringOf = (bytes: Uint8Array | null) => written((to) => appendString(bytes, to));
const argvOf = (bytes: Uint8Array | null) => written((to) => appendArgv(bytes, to));

test("appendString() writes what JSON.stringify() would", () => {
  for (const text of ["", "/usr/bin/true", "~", '"', "\\", "\x1f", "\x7f", "é", "a\u2028b"]) {
    assert.equal(JSON.parse(stringOf(encoder.encode(text))), text);
  }
  assert.equal(stringOf(null), "null");
  assert.equal(JSON.parse(stringOf(Uint8Array.of(0x61, 0xff, 0x62))), "a\ufffdb");
  assert.equal(JSON.parse(stringOf(Uint8Array.of(0x61, 0))), "a\0");
});

test("appendArgv() splits at NUL, an empty last argument and an unterminated one included", () => {
  const of = (text: string) => JSON.parse(argvOf(encoder.encode(text)));
  assert.deepEqual(of("/bin/sh\0-c\0true\0"), ["/bin/sh", "-c", "true"]);
  assert.deepEqual(of("a\0\0"), ["a", ""]);
  assert.deepEqual(of("\0"), [""]);
  assert.deepEqual(of("title without end"), ["title without end"]);
  assert.deepEqual(of('a\0"b"\0'), ["a", '"b"']);
  assert.deepEqual(of(""), []);
  assert.equal(argvOf(null), "null");
});

test("both agree with the decoder on random bytes", () => {
  const seed = 20261124;
  const next = random(seed);
  for (let round = 0; round < 500; round++) {
    const bytes = encoder.encode(randomText(next) + (next() < 0.7 ? "\0" : ""));
    if (next() < 0.3 && bytes.length > 0) bytes[Math.floor(next() * bytes.length)] = 0x80;
    if (next() < 0.3 && bytes.length > 0) bytes[Math.floor(next() * bytes.length)] = 0;
    assert.equal(stringOf(bytes), jsonText(decodeText(bytes)), `seed ${seed}`);
    assert.equal(argvOf(bytes), jsonText(splitArgv(bytes)), `seed ${seed}`);
  }
});
