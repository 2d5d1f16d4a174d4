import assert from "node:assert/strict";
import { test } from "node:test";
import { FreeLanes } from "../../src/report/free_lanes.ts";
import { kinOf } from "../../src/report/kin.ts";
import { inOrder, lanesOf } from "../../src/report/lanes.ts";
import { random } from "../support/random.ts";
import { type SomeSpan, spansOf } from "../support/spans.ts";

/** A moment that tells how often it is looked at. */
class Moment {
  static looks = 0;
  readonly #value: number;

  constructor(value: number) {
    this.#value = value;
  }

  valueOf(): number {
    Moment.looks++;
    return this.#value;
  }
}

function looksAt(count: number, lifeNs: number, everyNs: number): number {
  const next = random(7);
  const some = Array.from({ length: count }, (_, at): SomeSpan => {
    const start = new Moment(at * everyNs) as unknown as number;
    return { id: `b-${at + 1}-1`, start, end: at * everyNs + Math.ceil(lifeNs * (0.5 + next())) };
  });
  const spans = spansOf(some, { lengthNs: count * everyNs + 2 * lifeNs });
  Moment.looks = 0;
  lanesOf(spans, kinOf(spans.spans));
  return Moment.looks;
}

test("a free lane is found in a few looks, however many live at once", () => {
  for (const lifeNs of [1e9, 5000, 100]) {
    const looks = looksAt(10_000, lifeNs, 1);
    assert.ok(looks < 10_000 * 25, `${looks} looks at lives of ${lifeNs}`);
  }
});

test("a hundred thousand that live at once are put in lanes, and in order", () => {
  const some = Array.from({ length: 100_000 }, (_, at): SomeSpan => {
    return { id: `b-${at + 1}-1`, start: at, end: 1e9 };
  });
  const spans = spansOf(some, { lengthNs: 1e9 });
  const order = inOrder(lanesOf(spans, kinOf(spans.spans)));
  assert.deepEqual([order.length, order[0], order.at(-1)], [100_000, 0, 99_999]);
});

test("the first lane that is free is taken", () => {
  const next = random(3);
  const lanes = new FreeLanes();
  const plain: number[] = [];
  for (let at = 0; at < 2000; at++) {
    const until = at + next() * 100;
    let lane = plain.findIndex((free) => free <= at);
    if (lane < 0) lane = plain.length;
    plain[lane] = until;
    let made = -1;
    assert.equal(lanes.take(at, until, () => made = plain.length - 1), lane);
    assert.ok(made < 0 || made === lane);
  }
});
