import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseFormat } from "../../src/metrics/accept.ts";

/** What Prometheus 2.42 and 3 send. */
const REAL = [
  "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75," +
  "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
  "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6," +
  "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;q=0.4," +
  "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
];

test("the format is the one that is wanted most", () => {
  for (
    const [accept, format] of [
      ...REAL.map((accept) => [accept, "openmetrics"] as const),
      [undefined, "prometheus"],
      ["", "prometheus"],
      ["*/*", "prometheus"],
      ["text/plain", "prometheus"],
      ["application/openmetrics-text", "openmetrics"],
      ["Application/OpenMetrics-Text; Version=1.0.0", "openmetrics"],
      ["application/openmetrics-text;q=0.4, text/plain;q=0.5", "prometheus"],
      ["application/openmetrics-text;q=0.5, text/plain;q=0.4", "openmetrics"],
      ["application/openmetrics-text;q=0, */*", "prometheus"],
      ["text/plain;q=0, */*", "openmetrics"],
      ["text/*;q=0.3, application/*;q=0.9", "openmetrics"],
      ["application/openmetrics-text;version=2.0.0, text/plain;q=0.1", "prometheus"],
      ["text/html, application/xhtml+xml, */*;q=0.8", "prometheus"],
      ["application/openmetrics-text;q=9", "prometheus"],
      [";;;=,,q=1;/*\0", "prometheus"],
    ] as const
  ) assert.equal(chooseFormat(accept), format, accept);
});
