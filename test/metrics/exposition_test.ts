import assert from "node:assert/strict";
import { test } from "node:test";
import { exposition } from "../../src/metrics/exposition.ts";
import { type Family, METRICS, single } from "../../src/metrics/family.ts";
import { familyFields, readFamilies } from "../../src/metrics/family_json.ts";

const CPU: Family = {
  ...METRICS.unitCpu,
  samples: [{ labels: ["cron.service"], value: 1.5 }, { labels: ["other"], value: 0 }],
};

test("the text of Prometheus names counters by their samples", () => {
  assert.equal(
    exposition([single(METRICS.forks, 3), CPU], "prometheus"),
    `\
# HELP fh_forks_total Processes that were forked
# TYPE fh_forks_total counter
fh_forks_total 3
# HELP fh_unit_cpu_seconds_total CPU time of the processes of a unit that have ended
# TYPE fh_unit_cpu_seconds_total counter
fh_unit_cpu_seconds_total{unit="cron.service"} 1.5
fh_unit_cpu_seconds_total{unit="other"} 0
`,
  );
});

test("OpenMetrics names counters without their suffix, says units, and has an end", () => {
  assert.equal(
    exposition([CPU, single(METRICS.up, true)], "openmetrics"),
    `\
# HELP fh_unit_cpu_seconds CPU time of the processes of a unit that have ended
# TYPE fh_unit_cpu_seconds counter
# UNIT fh_unit_cpu_seconds seconds
fh_unit_cpu_seconds_total{unit="cron.service"} 1.5
fh_unit_cpu_seconds_total{unit="other"} 0
# HELP fh_up Whether a recorder is at work
# TYPE fh_up gauge
fh_up 1
# EOF
`,
  );
});

/** The values of labels in a text, read as a scraper does. */
function valuesIn(text: string): string[] {
  return [...text.matchAll(/="((?:[^"\\\n]|\\["\\n])*)"/g)].map(([, value]) => {
    return value!.replace(/\\(["\\n])/g, (_, one) => one === "n" ? "\n" : one);
  });
}

test("hostile values are told as a terminal may show them, and end nothing", () => {
  const hostile = ['a"} 1\nfh_up 0\n#', "a\\", "\x1b[2J\0", "\u202egnp", 'x\\"', "\ud800"];
  const told = ['a"} 1\\nfh_up 0\\n#', "a\\", "\\x1b[2J\\x00", "\\u202egnp", 'x\\"', "\\ud800"];
  const samples = hostile.map((value) => ({ labels: [value], value: 1 }));
  for (const format of ["prometheus", "openmetrics"] as const) {
    const text = exposition([{ ...METRICS.unitStarted, samples }], format);
    assert.deepEqual(valuesIn(text), told);
    assert.equal(text.split("\n").filter((line) => /^fh_up/.test(line)).length, 0);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\u202e]/);
  }
});

test("a set of labels that comes again is told once", () => {
  const samples = [{ labels: ["a"], value: 1 }, { labels: ["a"], value: 1 }];
  const text = exposition([{ ...METRICS.unitStarted, samples }], "prometheus");
  assert.equal(text.match(/unit="a"/g)!.length, 1);
});

test("names follow the conventions", () => {
  for (const { name, type, unit, help, labels } of Object.values(METRICS)) {
    assert.match(name, /^(?:fh|process)_[a-z_]+[a-z]$/);
    assert.equal(name.endsWith("_total"), type === "counter", name);
    assert.match(help, /^[A-Z].*[^.]$/);
    if (unit !== "") assert.ok(name.replace(/_total$/, "").endsWith(`_${unit}`), name);
    for (const label of labels) assert.match(label, /^[a-z]+$/);
  }
});

test("families come back from JSON as they were, and what is none is left out", () => {
  const families = [CPU, single(METRICS.up, true)];
  const json = JSON.parse(JSON.stringify(families.map(familyFields)));
  assert.equal(exposition(readFamilies(json), "openmetrics"), exposition(families, "openmetrics"));
  const bad = [null, 1, {}, { ...json[0], name: "a\nb" }, { ...json[0], type: "x" }, {
    ...json[0],
    samples: null,
  }];
  assert.deepEqual(readFamilies(bad), []);
  assert.deepEqual(readFamilies("x"), []);
  const samples = [null, 1, { labels: null, value: 1 }, { labels: {}, value: "1" }];
  assert.deepEqual(readFamilies([{ ...json[1], samples }])[0]!.samples, []);
});
