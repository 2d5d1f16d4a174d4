import assert from "node:assert/strict";
import { test } from "node:test";
import { LabelSeries, OTHER, SERIES_LIMITS } from "../../src/metrics/series.ts";

const { total, reserve, idleNs, valueLength } = SERIES_LIMITS;
const values = (of: LabelSeries) => [...of.all()].map(({ value }) => value);

/** Gives `count` names of a payer a series each, as far as there is room. */
function fill(of: LabelSeries, name: string, payer: number, count: number, time = 0): number {
  let own = 0;
  for (let n = 0; n < count; n++) if (of.get(`${name}-${n}`, payer, time) !== of.other) own++;
  return own;
}

test("a value keeps its series, and what comes when all are taken is one of the others", () => {
  const of = new LabelSeries();
  const first = of.get("a", 0, 1);
  assert.equal(of.get("a", 0, 2), first);
  assert.equal(fill(of, "b", 0, 100), total - 1);
  assert.equal(of.get("z", 0, 3), of.other);
  assert.equal(of.get("a", 0, 4), first);
  assert.deepEqual([values(of).length, values(of).at(-1)], [total + 1, OTHER]);
});

test("one user's names leave room for those of others, and root's half is root's", () => {
  const of = new LabelSeries();
  const most = fill(of, "evil", 1000, 10_000);
  assert.ok(most >= 5 && most <= (total - reserve) / 2, `${most}`);
  assert.ok(fill(of, "other", 1001, 10_000) >= 3);
  assert.ok(fill(of, "root", 0, 10_000) >= reserve);
  assert.equal(values(of).length - 1, total);
});

test("what rests for an hour makes room, where that helps", () => {
  const of = new LabelSeries();
  fill(of, "a", 0, total);
  for (const one of of.all()) one.at = 5;
  const rests = of.get("a-7", 0, 5);
  rests.at = 1;
  rests.started = 9;
  assert.equal(of.get("new", 0, idleNs), of.other);
  // It is not looked for room at each event.
  assert.equal(of.get("new", 0, idleNs + 2), of.other);
  const found = of.get("new", 0, idleNs + 61e9);
  assert.notEqual(found, of.other);
  assert.deepEqual([found.started, rests.isGone, of.other.started], [0, true, 0]);
  // An ordinary user's gets none of root's half.
  for (const one of of.all()) one.at = 0;
  assert.equal(of.get("evil", 1000, 9 * idleNs), of.other);
  assert.equal(values(of).length - 1, total);
});

test("values that would be told as others, or are long, are bounded", () => {
  const of = new LabelSeries();
  assert.equal(of.get(OTHER, 0, 0), of.other);
  const long = of.get("x".repeat(10_000), 0, 0);
  assert.equal(long.value.length, valueLength);
  assert.equal(of.get("x".repeat(20_000), 0, 0), long);
});
