import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseDuration } from "../../src/ask/text/values.ts";
import { FINDING_KINDS } from "../../src/detect/finding.ts";
import { THRESHOLDS } from "../../src/detect/thresholds.ts";

const PAGE = readFileSync(new URL("../../docs/findings.md", import.meta.url), "utf8");

/** The first two cells of each row below a heading whose first cell is code. */
function rowsBelow(heading: string): (readonly [name: string, cell: string])[] {
  const [, text = ""] = PAGE.split(`\n## ${heading}\n`);
  const rows = text.split("\n## ")[0]!.matchAll(/^\| `([\w-]+)`\s*\| ([^|]+?)\s*\|/gm);
  return [...rows].map(([, name, cell]) => [name!, cell!]);
}

test("docs/findings.md has every kind of finding, the worst first", () => {
  assert.deepEqual(rowsBelow("Findings").map(([name]) => name), FINDING_KINDS);
});

test("docs/findings.md has every threshold with its default", () => {
  const told = rowsBelow("Thresholds").map(([name, value]) => {
    return [name, /^\d+$/.test(value) ? Number(value) : parseDuration(value)];
  });
  assert.deepEqual(told, Object.entries(THRESHOLDS).map(([name, { initial }]) => [name, initial]));
});
