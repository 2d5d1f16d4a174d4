import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { inflateRawSync } from "node:zlib";
import { diffRuns } from "../../src/report/diff.ts";
import { diffHtml } from "../../src/report/diff_html.ts";
import type { DiffPage } from "../../src/report/page/diff_data.ts";
import { Model } from "../../src/report/page/model.ts";
import { unpack } from "../../src/report/page/packed.ts";
import type { Spans } from "../../src/report/span.ts";
import { runOf } from "../support/runs.ts";
import { spansOf } from "../support/spans.ts";

const MS = 1e6;

/** What a page of two runs has: both of them, and how they differ. */
function partsOf(before: Spans, after: Spans): readonly [Model, Model, DiffPage] {
  const page = diffHtml(diffRuns([before], [after]), [before], [after], 0);
  const [, data] = /<script type="text\/plain" id="data">([^<]*)</.exec(page)!;
  const [one, two, diff] = data!.split(" ").map((part) =>
    new Uint8Array(inflateRawSync(Buffer.from(part, "base64")))
  );
  return [
    new Model(unpack(one!)),
    new Model(unpack(two!)),
    JSON.parse(new TextDecoder().decode(diff)),
  ];
}

/** A stretch in which something ends and something runs on. */
const stretch = (ms: number) =>
  spansOf([
    { id: "b-1-1", end: 10 * MS },
    { id: "b-2-1", start: 5 * MS, end: null, status: null },
  ], { lengthNs: ms * MS });

test("both sides are as long as the longer one; what runs is drawn as far as it was seen", () => {
  const [before, after] = partsOf(stretch(20), stretch(300));
  assert.deepEqual([before.length, after.length], [300_000, 300_000]);
  assert.deepEqual([...before.end], [10_000, 20_000]);
  assert.deepEqual([...after.end], [10_000, 300_000]);
  assert.equal(before.outcomeOf(1), "running");
});

test("what began to fail is the first row, with how many did", () => {
  const good = runOf([["cc a.c", 300], ["cc b.c", 400]]);
  const bad = {
    ...good,
    spans: good.spans.map((span, at) => at === 2 ? { ...span, status: 256 } : span),
  };
  const [, , { rows: [first] }] = partsOf(good, bad);
  assert.deepEqual([first!.change, first!.command], ["began to fail", "cc b.c"]);
  assert.deepEqual([first!.failed, first!.failedText], [1, "0 > 1"]);
});
