import assert from "node:assert/strict";
import { test } from "node:test";
import { type NextFacts, nextSteps } from "../../src/ask/next_steps.ts";

const FACTS: NextFacts = {
  isRoot: true,
  hasHistory: false,
  isOfRoot: false,
  isRecording: false,
  hasSystemd: false,
  hasUnit: false,
  findings: 0,
  newest: "cron",
};
const commands = (facts: Partial<NextFacts>, most = 3) => {
  return nextSteps({ ...FACTS, ...facts }).slice(0, most).map(({ command }) => command);
};

test("without a history one is begun, as a service where there are services", () => {
  assert.deepEqual(commands({}), ["fh record", "fh why cron", "fh watch"]);
  const unit = "/etc/systemd/system/fh.service";
  assert.deepEqual(commands({ hasSystemd: true }, 1), [
    `fh record --print-unit | tee ${unit} && systemctl enable --now fh`,
  ]);
  assert.deepEqual(commands({ hasSystemd: true, isRoot: false }, 1), [
    `fh record --print-unit | sudo tee ${unit} && sudo systemctl enable --now fh`,
  ]);
});

test("a unit that is there is started, not written again", () => {
  const there = { hasSystemd: true, hasUnit: true };
  assert.deepEqual(commands(there, 1), ["systemctl start fh"]);
  assert.deepEqual(commands({ ...there, isRoot: false }, 1), ["sudo systemctl start fh"]);
});

test("what is wrong comes first, and a recorder that is at work is not started again", () => {
  const known = { hasHistory: true, isRecording: true };
  assert.deepEqual(commands({ ...known, findings: 2 }), [
    "fh trouble",
    "fh log --failed --since today",
    "fh why cron",
  ]);
  assert.deepEqual(commands({ ...known, newest: null }), [
    "fh log --failed --since today",
    "fh trouble",
    "fh watch",
  ]);
});

test("an ordinary user is sent to root where root has the history", () => {
  assert.deepEqual(commands({ isRoot: false, isOfRoot: true }, 2), ["sudo fh", "fh why cron"]);
});
