import assert from "node:assert/strict";
import test from "node:test";
import { switchesOf } from "../../src/proc/switches.ts";
import { readFixture } from "../support/fixture.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const switches = (text: string) => switchesOf(bytesOf(text), text.length);

test("switchesOf() gives both counts", () => {
  const bytes = readFixture("proc/status_nobody.txt");
  assert.deepEqual(switchesOf(bytes, bytes.length), {
    voluntarySwitches: 6,
    involuntarySwitches: 1,
  });
});

test("switchesOf() gives null when the file is cut at any byte", () => {
  const bytes = readFixture("proc/status_nobody.txt");
  for (let end = 0; end < bytes.length; end++) assert.equal(switchesOf(bytes, end), null);
});

test("switchesOf() gives null when a line is absent or malformed", () => {
  const [one, other] = ["\nvoluntary_ctxt_switches:\t1\n", "nonvoluntary_ctxt_switches:\t2\n"];
  assert.deepEqual(switches(one + other), { voluntarySwitches: 1, involuntarySwitches: 2 });
  for (const text of [one, `\n${other}`, one + other.replace("2", "x"), one.replace("1", "-1")]) {
    assert.equal(switches(text), null, JSON.stringify(text));
  }
});
