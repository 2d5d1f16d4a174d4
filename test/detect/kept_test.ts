import assert from "node:assert/strict";
import { test } from "node:test";
import { Finding, NO_FACTS } from "../../src/detect/finding.ts";
import { findingOf, keptFinding } from "../../src/detect/kept.ts";
import { RunningBoot } from "../../src/model/boot.ts";
import { Process } from "../../src/model/process.ts";
import { EPOCH, S } from "./story.ts";

const boot = new RunningBoot("0a1b2c3d", EPOCH);
const process = new Process(7, 50 * S, 0, boot);
const by = new Process(3, 10 * S, 0, boot);

/** A finding with a value for each fact. */
function whole(): Finding {
  const finding = new Finding("fork-storm", "fork-storm-00000001", process, 60 * S);
  finding.until = 90 * S;
  finding.count = 25_000;
  finding.isOver = true;
  finding.facts = {
    by,
    meanLifeNs: 1,
    everyNs: 2,
    lastGood: 3,
    rate: 4.5,
    usual: 0,
    share: 0.6,
    cpu: 0.7,
    reason: "out of memory",
  };
  return finding;
}

test("a finding that was kept is the one that it was", () => {
  const finding = whole();
  const again = findingOf(JSON.parse(JSON.stringify({ ...keptFinding(finding), process, by })))!;
  const kept = findingOf(keptFinding(finding))!;
  assert.deepEqual(again.facts.rate, 4.5);
  for (const name of ["kind", "key", "since", "until", "count", "isOver"] as const) {
    assert.equal(kept[name], finding[name], name);
  }
  assert.equal(kept.process, process);
  assert.deepEqual(kept.facts, finding.facts);
  const plain = new Finding("stuck", "stuck-00000001", process, 60 * S);
  assert.deepEqual(keptFinding(plain).facts, {});
  assert.deepEqual(findingOf(keptFinding(plain))!.facts, NO_FACTS);
});

test("what others have written is taken where it has a meaning", () => {
  const kept = keptFinding(whole());
  assert.equal(findingOf({ ...kept, kind: "nonsense" }), null);
  const odd = { cpu: "much", reason: 7, share: 0.5, more: "of it" };
  const { facts } = findingOf({ ...kept, facts: odd })!;
  assert.deepEqual([facts.cpu, facts.reason, facts.share, facts.rate], [null, null, 0.5, null]);
});
