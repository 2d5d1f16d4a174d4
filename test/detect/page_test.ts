import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseDuration } from "../../src/ask/text/values.ts";
import { FINDING_KINDS } from "../../src/detect/finding.ts";
import { THRESHOLDS } from "../../src/detect/thresholds.ts";

const PAGE = readFileSync(new URL("../../docs/findings.md", import.meta.url), "utf8");

/** The first two cells of each row whose first cell is code. */
const ROWS = [...PAGE.matchAll(/^\| `([\w-]+)`\s*\| ([^|]+?)\s*\|/gm)].map(([, name, cell]) => {
  return [name!, cell!] as const;
});

test("docs/findings.md has every kind of finding, the worst first", () => {
  const kinds: readonly string[] = FINDING_KINDS;
  assert.deepEqual(ROWS.map(([name]) => name).slice(0, kinds.length), kinds);
});

test("docs/findings.md has every threshold with its default", () => {
  const told = ROWS.slice(FINDING_KINDS.length).map(([name, value]) => {
    return [name, /^\d+$/.test(value) ? Number(value) : parseDuration(value)];
  });
  assert.deepEqual(told, Object.entries(THRESHOLDS).map(([name, { initial }]) => [name, initial]));
});
