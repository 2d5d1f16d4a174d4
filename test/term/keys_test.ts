import assert from "node:assert/strict";
import { test } from "node:test";
import { type Key, KeyDecoder } from "../../src/term/keys.ts";
import { random } from "../support/random.ts";

const SENT: readonly (readonly [string, readonly Key[]])[] = [
  ["q", [{ name: "text", text: "q" }]],
  ["ä漢😀", ["ä", "漢", "😀"].map((text) => ({ name: "text" as const, text }))],
  ["\x1b[A\x1bOB\x1b[C\x1b[D", ["up", "down", "right", "left"].map(named)],
  [
    "\x1b[5~\x1b[6~\x1b[1~\x1b[4~\x1b[H\x1b[F",
    [
      "page up",
      "page down",
      "home",
      "end",
      "home",
      "end",
    ].map(named),
  ],
  [
    "\r\t\x1b[Z\x7f\x03\x1a",
    [
      "enter",
      "tab",
      "back tab",
      "backspace",
      "interrupt",
      "suspend",
    ].map(named),
  ],
  ["\x1b[<0;3;2M\x1b[<0;3;2m", [{ name: "click", x: 2, y: 1 }]],
  ["\x1b[<64;1;1M\x1b[<65;1;1M", [
    { name: "wheel up", x: 0, y: 0 },
    { name: "wheel down", x: 0, y: 0 },
  ]],
  ["\x1b[200~kill\x1b[A\ny\x1b[201~z", [
    { name: "paste", text: "kill\x1b[A\ny" },
    { name: "text", text: "z" },
  ]],
  ["\x1b[99;5u\x00x", [{ name: "text", text: "x" }]],
];

function named(name: string): Key {
  return { name } as Key;
}

test("keys, the mouse and what is pasted are told, in whatever pieces they come", () => {
  for (const [sent, keys] of SENT) {
    assert.deepEqual(new KeyDecoder().feed(sent), keys);
    const decoder = new KeyDecoder();
    assert.deepEqual([...sent].flatMap((piece) => decoder.feed(piece)), keys);
    assert.equal(decoder.waits, false);
  }
});

test("an escape is a key when nothing follows", () => {
  const decoder = new KeyDecoder();
  assert.deepEqual(decoder.feed("\x1b"), []);
  assert.ok(decoder.waits);
  assert.deepEqual(decoder.settle(), [{ name: "escape" }]);
  assert.deepEqual(decoder.settle(), []);
  assert.deepEqual(decoder.feed("\x1bk"), [{ name: "escape" }, { name: "text", text: "k" }]);
});

test("what is pasted is cut, and its end is still found", () => {
  const decoder = new KeyDecoder();
  const [paste, ...others] = decoder.feed(`\x1b[200~${"x".repeat(100_000)}\x1b[201~q`);
  assert.deepEqual(paste, { name: "paste", text: "x".repeat(4096) });
  assert.deepEqual(others, [{ name: "text", text: "q" }]);
});

test("whatever is sent, keys come out and nothing piles up", () => {
  const next = random(7);
  const decoder = new KeyDecoder();
  const parts = ["\x1b", "[", "O", "<", ";", "1", "9", "M", "~", "A", "\x7f", "é"];
  for (let i = 0; i < 5000; i++) {
    for (const key of decoder.feed(parts[Math.floor(next() * parts.length)]!)) {
      if (key.name === "text") assert.ok(key.text >= " ");
    }
  }
  decoder.settle();
  assert.deepEqual(decoder.feed("q").at(-1), { name: "text", text: "q" });
});
