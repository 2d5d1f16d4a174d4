import assert from "node:assert/strict";
import { test } from "node:test";
import { parseInstant } from "../../src/text/instant.ts";

test("parseInstant() reads RFC 3339", () => {
  assert.equal(parseInstant("1970-01-01T00:00:01Z"), 1000);
  assert.equal(parseInstant("1970-01-01T01:00:01.0005+01:00"), 1000.5);
  assert.equal(parseInstant("1969-12-31T23:30:00-00:30"), 0);
  for (
    const text of [
      "2026-02-30T00:00:00Z",
      "2026-01-01T24:00:00Z",
      "2026-01-01 00:00:00Z",
      "2026-01-01T00:00:00",
      "2026-01-01T00:00:00+24:00",
      "2026-01-01T23:59:60Z",
      "2026-01-01T00:00:00+0100",
      "",
    ]
  ) assert.equal(parseInstant(text), undefined, text);
});
