import assert from "node:assert/strict";
import { test } from "node:test";
import { GAP_REASON, UNKNOWN } from "../../src/model/event.ts";
import { Change } from "../../src/model/machine.ts";
import { Statistics } from "../../src/model/statistics.ts";
import { renderStatistics } from "../../src/view/statistics.ts";

function lost(...counts: readonly number[]): string {
  const statistics = new Statistics();
  for (const a of counts) {
    statistics.note(Object.assign(new Change(), { kind: "gap", a, b: GAP_REASON.overflow }));
  }
  return renderStatistics(statistics, 1e9)[1]!.replace(/.*lost events /, "");
}

test("lost events are those that were counted; gaps without a count are said", () => {
  assert.equal(lost(), "0");
  assert.equal(lost(3, 4), "7");
  assert.equal(lost(UNKNOWN), "0, and nobody knows how many in 1 gap");
  assert.equal(lost(UNKNOWN, 12, UNKNOWN), "12, and nobody knows how many in 2 gaps");
});
