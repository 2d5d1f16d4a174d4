import assert from "node:assert/strict";
import { test } from "node:test";
import { Detector } from "../../src/detect/detector.ts";
import { INITIAL_LIMITS } from "../../src/detect/thresholds.ts";
import { MS, S, SHELL, Story } from "./story.ts";

/** So many short programs a second, for so many seconds. */
function pace(story: Story, from: number, seconds: number, perSecond: number, parent = SHELL) {
  const count = seconds * perSecond;
  for (let i = 0; i < count; i++) {
    const at = (from + i / perSecond) * S;
    story.life({ at, lives: MS, argv: ["/bin/true"], parent });
  }
}

test("a storm is told with the lowest process that most of it comes from", () => {
  const story = new Story();
  pace(story, 10, 160, 5);
  const culprit = story.life({ at: 170 * S, lives: 21 * S, argv: ["/bin/sh", "bad.sh"] });
  pace(story, 171, 20, 2000, culprit);
  pace(story, 171, 20, 100);
  const found = story.tell();
  assert.equal(found.length, 1);
  const [{ kind, facts, count, isOver, since }] = found as [typeof found[0]];
  assert.deepEqual([kind, isOver], ["fork-storm", false]);
  assert.equal(facts.by?.pid, culprit);
  assert.ok(facts.share! > 0.9 && facts.share! < 1, `share ${facts.share}`);
  assert.ok(count > 35_000 && count < 43_000, `${count} forks`);
  assert.ok(Math.abs(facts.usual! - 5) < 2, `usual ${facts.usual}`);
  assert.ok(facts.rate! > 1500 && facts.rate! < 2500, `rate ${facts.rate}`);
  assert.ok(Math.abs(since - 171 * S) < 3 * S, `since ${since}`);
  assert.equal(story.tell({}, 120 * S)[0]!.isOver, true);
});

test("a turn that comes too early, or again, changes nothing", () => {
  const detector = new Detector({ limits: INITIAL_LIMITS });
  for (const at of [100, 100, 99, 101, 101, 0, 102]) detector.turn(at * S);
  assert.deepEqual(detector.found, []);
  const story = new Story();
  pace(story, 3, 15, 2000);
  const [found] = story.tell({}, 1);
  assert.ok(found!.facts.rate! > 1500 && found!.facts.rate! < 2500, `${found?.facts.rate}`);
});

test("a build of 5 000 processes and a host that always forks much are no storms", () => {
  const build = new Story();
  pace(build, 10, 10, 500);
  assert.deepEqual(build.tell(), []);
  const busy = new Story();
  pace(busy, 10, 300, 200);
  assert.deepEqual(busy.tell({ "storm-forks": 5000 }), []);
});

test("a storm in the first seconds of a look is told, where it is far more than usual", () => {
  const story = new Story();
  pace(story, 3, 15, 2000);
  const [found] = story.tell();
  assert.deepEqual([found?.kind, found?.facts.usual], ["fork-storm", null]);
  const slow = new Story();
  pace(slow, 3, 55, 500);
  assert.deepEqual(slow.tell(), []);
});
