/** How far who ships has come, as a file: whole, and hostile texts are none. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { shippingFields, shippingWords } from "../../src/cmd/ship/state_words.ts";
import { jsonText } from "../../src/text/json_text.ts";
import { endShipState, parseShipState, readShipStates } from "../../src/ship/state.ts";
import { ShipReport } from "../../src/ship/told.ts";
import { temporaryFolder } from "../support/at_end.ts";

const NOW = 1_800_000_000_000;
const ROUND = {
  lives: 5,
  passed: 0,
  waiting: 2,
  forgotten: 0,
  refused: 0,
  reachMs: NOW - 4000,
  readMs: 1,
};

/** Tells a report of a place in a new folder, by a clock that the test sets. */
function reported(once = false) {
  const history = join(temporaryFolder("fh-ship-state-"), "history.db");
  const clock = { now: NOW };
  const said: string[] = [];
  const telling = { history, to: "postgres://a@b/c", once, now: () => clock.now };
  const report = new ShipReport({ ...telling, say: (text) => said.push(text) });
  const state = () => readShipStates(history, clock.now)[0]!;
  return { history, clock, said, report, state };
}

test("what was shipped, and why it does not go on, is kept for who asks", () => {
  const { clock, said, report, state, history } = reported();
  assert.deepEqual(readShipStates(history, NOW), [], "nothing is told before it begins");
  report.begun("web1", "b/c");
  report.round(ROUND);
  clock.now += 2000;
  report.round({ ...ROUND, waiting: 0, forgotten: 3, refused: 4, reachMs: NOW + 1000 });
  const { host, lives, waiting, forgotten, refused, reach, trouble, over } = state();
  assert.deepEqual([host, lives, waiting, forgotten, refused, reach, trouble, over], [
    ...["web1", 10, 0, 3, 4, NOW + 1000],
    ...[null, false],
  ]);
  report.failed("it is away", 1000);
  report.failed("it is away", 2000);
  assert.equal(state().trouble, "it is away");
  assert.equal(
    shippingWords(shippingFields(state(), clock.now + 3_600_000)),
    "to postgres://a@b/c as web1: 10 shipped, 1h00m behind, 3 were forgotten before, " +
      "4 were refused there, nobody ships any more, it is away",
  );
  report.begun("web1", "b/c");
  report.ended();
  assert.equal(
    shippingWords(shippingFields(state(), clock.now)),
    "to postgres://a@b/c as web1: 10 shipped, it has ended, 3 were forgotten before, " +
      "4 were refused there",
  );
  assert.deepEqual(said, [
    "ships to b/c as web1",
    "3 lives were forgotten here before they were shipped",
    "it is away; tries again after 1s",
    "ships to b/c as web1",
  ]);
  const [file] = readdirSync(join(history, "../ship"));
  assert.equal(statSync(join(history, "../ship", file!)).mode & 0o777, 0o600);
});

test("where nothing is new the file is written now and then", () => {
  const { clock, report, state } = reported();
  report.begun("web1", "b/c");
  const { at } = state();
  clock.now += 5000;
  report.round({ ...ROUND, lives: 0, waiting: 0 });
  assert.equal(state().at, at);
  clock.now += 30_000;
  report.round({ ...ROUND, lives: 0, waiting: 0 });
  assert.equal(state().at, clock.now);
  clock.now -= 3_600_000;
  report.round({ ...ROUND, lives: 0, waiting: 0 });
  assert.equal(state().at, clock.now, "a clock that was put back is no reason to wait");
});

test("who is ended before it could say so is over all the same", () => {
  const { report, state, history } = reported();
  endShipState(history, "postgres://a@b/c", NOW);
  report.begun("web1", "b/c");
  report.round(ROUND);
  endShipState(history, "postgres://another/c", NOW);
  assert.equal(state().over, false);
  endShipState(history, "postgres://a@b/c", NOW);
  const { over, lives, host } = state();
  assert.deepEqual([over, lives, host], [true, 0, "web1"], "as far as it had said");
});

test("whoever ships once and fails leaves no lag that grows", () => {
  const { report, state } = reported(true);
  report.begun("web1", "b/c");
  report.gaveUp("it refuses");
  const { trouble, over } = state();
  assert.deepEqual([trouble, over], ["it refuses", true]);
  assert.equal(shippingFields(state(), NOW).lag_ns, null);
});

test("a file that is none, or is old, is left out", () => {
  const { report, history } = reported();
  report.begun("web1", "b/c");
  const folder = join(history, "../ship");
  const [name] = readdirSync(folder);
  const text = readFileSync(join(folder, name!), "utf8");
  const state = parseShipState(text)!;
  const hostile: readonly string[] = ["", "null", "[]", "7", "{", "{}", text.slice(0, -9)];
  for (const one of hostile) assert.equal(parseShipState(one), null, one);
  const { refused: _, ...earlier } = state;
  assert.deepEqual(parseShipState(JSON.stringify(earlier)), state, "one of an earlier fh");
  for (const key of Object.keys(earlier) as (keyof typeof earlier)[]) {
    assert.equal(parseShipState(JSON.stringify({ ...state, [key]: [] })), null, key);
  }
  for (const key of ["reach", "since", "at"] as const) {
    assert.equal(parseShipState(JSON.stringify({ ...state, [key]: 1e300 })), null, key);
    for (const moment of [8.64e15, -8.64e15]) {
      const far = parseShipState(JSON.stringify({ ...state, [key]: moment }))!;
      assert.equal(typeof jsonText(shippingWords(shippingFields(far, NOW))), "string");
    }
  }
  writeFileSync(join(folder, "state-0123456789abcdef.json"), "{");
  writeFileSync(join(folder, "state-0000000000000001.json"), text + " ".repeat(20_000));
  symlinkSync(join(folder, name!), join(folder, "state-0000000000000002.json"));
  spawnSync("mkfifo", [join(folder, "state-0000000000000003.json")]);
  writeFileSync(join(folder, "other.json"), text);
  assert.equal(readShipStates(history, NOW).length, 1);
  assert.equal(readShipStates(history, NOW + 31 * 86_400_000).length, 0);
});

test("what lies where the file is to be is not written through", () => {
  const { report, history, state } = reported();
  report.begun("web1", "b/c");
  const folder = join(history, "../ship");
  const [name] = readdirSync(folder);
  const victim = join(folder, "victim");
  writeFileSync(victim, "mine");
  for (const at of [name!, `${name}.${process.pid}`]) {
    rmSync(join(folder, at), { force: true });
    symlinkSync(victim, join(folder, at));
    report.ended();
    assert.equal(readFileSync(victim, "utf8"), "mine");
    assert.equal(state().over, true);
  }
});
