import assert from "node:assert/strict";
import { test } from "node:test";
import { ticksOf } from "../../../src/report/page/axis.ts";
import { labelOf } from "../../../src/report/page/bars.ts";
import { causeOf } from "../../../src/report/page/cause.ts";
import { commandsOf } from "../../../src/report/page/commands.ts";
import { Flame } from "../../../src/report/page/flame.ts";
import { Lanes } from "../../../src/report/page/lanes.ts";
import { loadOf } from "../../../src/report/page/load.ts";
import type { Model } from "../../../src/report/page/model.ts";
import { random } from "../../support/random.ts";
import { modelOf } from "../../support/report_page.ts";
import { frameOf, madeUpBuild, runOf, spanOf } from "../../support/report_spans.ts";
import { spansOf } from "../../support/spans.ts";

/** No two of a lane at the same time, and everyone below who started it. */
function assertLaid(model: Model, lanes: Lanes): void {
  const seen = new Set<number>();
  for (let lane = 0; lane < lanes.count; lane++) {
    let before = -Infinity;
    for (let at = lanes.first[lane]!; at < lanes.first[lane + 1]!; at++) {
      const place = lanes.bars[at]!;
      assert.equal(lanes.lane[place], lane);
      assert.ok(model.start[place]! >= before, `${lane}: ${place}`);
      before = model.end[place]!;
      seen.add(place);
      const parent = model.parent[place]!;
      if (parent >= 0) assert.ok(lanes.lane[parent]! < lane);
    }
  }
  assert.equal(seen.size, model.count);
}

test("bars of a build lie in lanes below their parents, and few of them", () => {
  const model = modelOf(madeUpBuild(2000, 3, 4));
  const lanes = new Lanes(model);
  assertLaid(model, lanes);
  // make, and for each of four jobs a compiler and what it runs, or three lanes for the linker.
  assert.ok(lanes.count <= 9, String(lanes.count));
});

test("bars of any tree do not overlap, more at once than are looked through among them", () => {
  const next = random(5);
  const spans = [spanOf(1, null, [0, 5000], ["storm"])];
  for (let pid = 2; pid < 3000; pid++) {
    const start = next() * 4000;
    const parent = next() < 0.2 ? 1 + Math.floor(next() * (pid - 1)) : 1;
    spans.push(spanOf(pid, parent, [start, start + next() * 1500], ["x"]));
  }
  const model = modelOf(runOf(spans));
  const lanes = new Lanes(model);
  assertLaid(model, lanes);
  assert.ok(lanes.count > 256 && lanes.count < 1500, String(lanes.count));
});

test("a long line of forks is laid and drawn without a deep stack", () => {
  const spans = Array.from({ length: 30_000 }, (_, at) => {
    return spanOf(at + 1, at === 0 ? null : at, [at, at + 2], ["fork"]);
  });
  const model = modelOf(runOf(spans));
  const lanes = new Lanes(model);
  assert.equal(lanes.count, 30_000);
  assert.equal(new Flame(model).boxes("count")[30_000]!.depth, 30_000);
});

test("the load counts who has no child, and spreads CPU time over lives", () => {
  const spans = [
    spanOf(1, null, [0, 100], ["make"], { cost: null }),
    spanOf(2, 1, [20, 60], ["a"]),
    spanOf(3, 1, [40, 60], ["b"]),
  ];
  const { working, cpus } = loadOf(modelOf(runOf(spans)));
  assert.equal(working.mean(0, 20_000), 1);
  assert.equal(working.mean(20_000, 40_000), 1);
  assert.equal(working.mean(40_000, 60_000), 2);
  assert.equal(working.mean(60_000, 100_000), 1);
  assert.ok(Math.abs(cpus!.mean(20_000, 40_000) - 0.9) < 0.02);
  assert.ok(Math.abs(cpus!.mean(40_000, 60_000) - 1.8) < 0.04);
  assert.ok(cpus!.mean(60_000, 100_000) < 1e-9);
  const unknown = runOf(spans.map((span) => ({ ...span, cost: null })));
  assert.equal(loadOf(modelOf(unknown)).cpus, null);
});

test("sums by name are those of all processes, the path among them", () => {
  const model = modelOf(madeUpBuild(900));
  const sums = commandsOf(model);
  const sum = (of: (one: typeof sums[number]) => number) =>
    sums.reduce((total, one) => total + of(one), 0);
  assert.equal(sum(({ count }) => count), model.count);
  assert.equal(sum(({ failed }) => failed), model.failed.reduce((all, one) => all + one, 0));
  assert.ok(Math.abs(sum(({ path }) => path) - model.length) < 1);
  assert.equal(sums[0]!.name, "cc1");
});

test("a flame graph has all in it, by each weight", () => {
  const model = modelOf(madeUpBuild(900));
  const flame = new Flame(model);
  const value = (weight: "wall" | "cpu" | "count") => flame.boxes(weight)[0]!.value;
  assert.equal(value("count"), model.count);
  assert.equal(value("wall"), model.own.reduce((all, one) => all + one, 0));
  const names = flame.nodes.map(({ name }) => name);
  assert.deepEqual(names.slice(0, 3), ["all", "make", "gcc"]);
});

test("a failure began with the deepest that was passed on", () => {
  const failed = (pid: number, parent: number | null, [from, to]: [number, number], code: number) =>
    spanOf(pid, parent, [from, to], [`p${pid}`], { status: code << 8 });
  const model = modelOf(runOf([
    failed(1, null, [0, 100], 2),
    failed(2, 1, [1, 50], 1),
    failed(3, 2, [2, 40], 1),
    failed(4, 2, [41, 45], 7),
    failed(5, 1, [45, 56], 0),
    failed(6, 5, [55, 56], 1),
  ]));
  assert.equal(model.pid[causeOf(model)], 3);
  const wentOn = [failed(1, null, [0, 100], 77), failed(2, 1, [1, 50], 1)];
  assert.equal(causeOf(modelOf(runOf(wentOn))), 1);
  assert.equal(causeOf(modelOf(runOf([...wentOn, failed(3, 1, [60, 90], 0)]))), 0);
  const [first, ...others] = wentOn;
  const killed = [{ ...first!, status: 15 }, ...others];
  assert.equal(causeOf(modelOf(runOf(killed))), 0, "a signal is nobody's failure");
  assert.equal(causeOf(modelOf(madeUpBuild(30, 2))) >= 0, true);
  assert.equal(causeOf(modelOf({ frame: frameOf(), spans: [] })), -1);
});

test("a bar says what it is, and the file of it, as far as there is room", () => {
  const argv = ["/usr/libexec/cc1", "-quiet", "src/net.c", "-O2", "-Wall", "-o", "/tmp/ccK1.s"];
  const model = modelOf(spansOf([{ id: "b-1-1", name: "cc1", argv }]));
  const labels = [2, 3, 10, 20, 24, 60].map((room) => labelOf(model, 0, room));
  assert.deepEqual(labels, [
    "cc",
    "cc1",
    "cc1",
    "cc1 -quiet…rc/net.c…",
    "cc1 -quiet src/net.c…",
    "cc1 -quiet src/net.c -O2 -Wall -o /tmp/ccK1.s",
  ]);
});

test("marks of an axis are where people expect them", () => {
  const labels = (from: number, to: number, most: number) =>
    ticksOf(from, to, most).map(({ label }) => label);
  assert.deepEqual(labels(0, 2.3e6, 5), ["0", "500ms", "1.0s", "1.5s", "2.0s"]);
  assert.deepEqual(labels(0, 95e6, 8), ["0", "15s", "30s", "45s", "1m00s", "1m15s", "1m30s"]);
  assert.deepEqual(labels(1000, 1030, 4), ["1.00ms", "1.01ms", "1.02ms", "1.03ms"]);
  assert.deepEqual(labels(0, 40, 4), ["0", "10us", "20us", "30us", "40us"]);
  assert.deepEqual(labels(0, 3 * 86_400e6, 4), ["0", "1d00h", "2d00h", "3d00h"]);
  assert.ok(ticksOf(0, 1e15, 8).length <= 9);
});
