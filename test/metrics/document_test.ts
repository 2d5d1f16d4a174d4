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

test("rules and dashboards ask for metrics and labels that there are", () => {
  const names = new Set<string>(Object.values(METRICS).map(({ name }) => name));
  for (const path of ["contrib/prometheus/fh.rules.yml", "contrib/grafana/fh.json"]) {
    const asked = [...read(path).matchAll(/\b(?:fh|process)_[a-z_]+/g)].map(([name]) => name);
    assert.ok(asked.length > 5);
    for (const name of asked) assert.ok(names.has(name), `${path}: ${name}`);
  }
});

test("the alerts of docs/metrics.md are those of the rules", () => {
  const documented = [...read("docs/metrics.md").matchAll(/^\| `(Fh\w+)` \|/gm)];
  const rules = [...read("contrib/prometheus/fh.rules.yml").matchAll(/^ +- alert: (\w+)$/gm)];
  const tested = read("contrib/prometheus/fh.rules.test.yml");
  assert.deepEqual(documented.map(([, name]) => name), rules.map(([, name]) => name));
  for (const [, name] of rules) assert.ok(tested.includes(`alertname: ${name}`), name);
});
