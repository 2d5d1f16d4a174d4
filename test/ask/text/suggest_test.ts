import assert from "node:assert/strict";
import { test } from "node:test";
import { suggest } from "../../../src/ask/text/suggest.ts";

const NAMES = ["watch", "tree", "doctor", "completion", "uid", "gid"];

test("suggest() finds the name that was meant", () => {
  const meant: [string, string | null][] = [
    ["wach", "watch"],
    ["wtach", "watch"],
    ["Watch", "watch"],
    ["watches", "watch"],
    ["treee", "tree"],
    ["docter", "doctor"],
    ["udi", "uid"],
    ["completoin", "completion"],
    ["ps", null],
    ["", null],
    ["watchdogs", null],
    ["x", null],
  ];
  for (const [word, name] of meant) assert.equal(suggest(word, NAMES), name, word);
});

test("suggest() takes the nearest", () => {
  assert.equal(suggest("gid2", NAMES), "gid");
  assert.equal(suggest("gide", ["uid", "gid"]), "gid");
});

test("suggest() is quick with a very long word", () => {
  assert.equal(suggest("w".repeat(1_000_000), NAMES), null);
});
