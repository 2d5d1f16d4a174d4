import assert from "node:assert/strict";
import { test } from "node:test";
import { LineBuffer } from "../../src/text/line_buffer.ts";

const LINE_MAX = 65_536;
import { random } from "../support/random.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function take(buffer: LineBuffer): (string | null)[] {
  const lines: (string | null)[] = [];
  for (let line = buffer.next(); line !== undefined; line = buffer.next()) lines.push(line);
  return lines;
}

test("LineBuffer gives many lines at once, and keeps what is not finished", () => {
  const buffer = new LineBuffer(LINE_MAX);
  buffer.push(bytes("a\n\nbé\r\nc\rd\r"));
  assert.deepEqual(take(buffer), ["a", "", "bé"]);
  assert.equal(buffer.held, 4);
  buffer.push(bytes("\n"));
  assert.deepEqual(take(buffer), ["c\rd"]);
  assert.equal(buffer.held, 0);
  assert.deepEqual(take(buffer), []);
});

test("LineBuffer does not copy pushes that share memory with the caller", () => {
  const buffer = new LineBuffer(LINE_MAX);
  const scratch = bytes("abc");
  buffer.push(scratch);
  scratch.fill(120);
  buffer.push(bytes("\n"));
  assert.deepEqual(take(buffer), ["abc"]);
});

test("LineBuffer gives the same lines wherever the stream is cut", () => {
  const next = random(7);
  const below = (end: number) => Math.floor(next() * end);
  for (let round = 0; round < 300; round++) {
    const max = 1 + below(12);
    const text = Array.from({ length: below(60) }, () => "ab\né\r"[below(5)]).join("");
    const all = bytes(text);
    const buffer = new LineBuffer(max);
    const lines: (string | null)[] = [];
    for (let at = 0; at < all.length;) {
      const to = at + 1 + below(9);
      buffer.push(all.subarray(at, to));
      if (below(3) > 0) lines.push(...take(buffer));
      at = to;
    }
    buffer.end();
    lines.push(...take(buffer));
    const expected = text.split("\n").map((line, index, parts) => {
      const isLast = index === parts.length - 1;
      const size = bytes(line).length;
      if (isLast && size === 0) return undefined;
      return size + 1 > max ? null : line.replace(/\r$/, "");
    }).filter((line) => line !== undefined);
    assert.deepEqual(lines, expected, JSON.stringify([text, max]));
  }
});

test("LineBuffer takes a line of 65 536 bytes, and tells a longer one once", () => {
  const buffer = new LineBuffer(LINE_MAX);
  const longest = "x".repeat(LINE_MAX - 1);
  buffer.push(bytes(`${longest}\n${longest}y\nz\n`));
  assert.deepEqual(take(buffer), [longest, null, "z"]);
});

test("LineBuffer holds nothing of a line that is too long", () => {
  const buffer = new LineBuffer(LINE_MAX);
  const part = bytes("x".repeat(50_000));
  const lines: (string | null)[] = [];
  for (let n = 0; n < 100; n++) {
    buffer.push(part);
    lines.push(...take(buffer));
    assert.ok(buffer.held < LINE_MAX);
  }
  assert.deepEqual(lines, [null]);
  buffer.push(bytes("x\nnext\n"));
  assert.deepEqual(take(buffer), ["next"]);
});

test("LineBuffer takes what has no newline at the end for a line", () => {
  const buffer = new LineBuffer(LINE_MAX);
  buffer.push(bytes("a\nb"));
  buffer.end();
  assert.deepEqual(take(buffer), ["a", "b"]);
  assert.equal(buffer.held, 0);

  const long = new LineBuffer(4);
  long.push(bytes("abcdef"));
  long.end();
  assert.deepEqual(take(long), [null]);
  assert.equal(long.held, 0);
});

test("LineBuffer makes U+FFFD of what is not UTF-8, and leaves the rest of the line", () => {
  const buffer = new LineBuffer(LINE_MAX);
  buffer.push(new Uint8Array([0x61, 0xff, 0x62, 0xc3, 10, 0xef, 0xbb, 0xbf, 0x63, 10]));
  assert.deepEqual(take(buffer), ["a\ufffdb\ufffd", "\ufeffc"]);
});
