/** docs/metrics.md has the metrics that there are, and no others. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { METRICS } from "../../src/metrics/family.ts";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

test("docs/metrics.md has each metric with its type and its labels", () => {
  const rows = [...read("docs/metrics.md").matchAll(/^\| `([a-z_]+)` \| (\w+) \|(.*?)\|/gm)];
  const documented = rows.map(([, name, type, labels]) => {
    return `${name} ${type} ${labels!.trim()}`.trim();
  });
  const told = Object.values(METRICS).map(({ name, type, labels }) => {
    return `${name} ${type} ${labels.map((label) => `\`${label}\``).join(", ")}`.trim();
  });
  assert.deepEqual(documented, told);
});
