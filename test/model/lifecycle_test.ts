import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { LIFECYCLE } from "../../src/model/lifecycle.ts";

const DRAWING = readFileSync(new URL("../../ARCHITECTURE.md", import.meta.url), "utf8");

/** `state --> state : input / effect` for every cell of the table that does anything. */
function arrowsOfTable(): string[] {
  return Object.entries(LIFECYCLE).flatMap(([from, row]) =>
    Object.entries(row).flatMap(([input, [to, effect]]) =>
      effect === "ignore" && from === to ? [] : [`${from} --> ${to} : ${input} / ${effect}`]
    )
  ).sort();
}

test("ARCHITECTURE.md draws the lifecycle as the table has it", () => {
  const block = /```mermaid\nstateDiagram-v2\n([\s\S]*?)```/.exec(DRAWING)?.[1] ?? "";
  const drawn = block.split("\n").map((line) => line.trim()).filter((line) => line.includes("-->"))
    .filter((line) => !line.startsWith("[*]")).sort();
  assert.deepEqual(drawn, arrowsOfTable());
});

test("LIFECYCLE never leaves a known state for the unknown", () => {
  for (const [from, row] of Object.entries(LIFECYCLE)) {
    for (const [input, [to]] of Object.entries(row)) {
      if (to === "unknown") assert.equal(from, "unknown", `${from}, ${input}`);
    }
  }
});
