import assert from "node:assert/strict";
import test from "node:test";
import { cpuTimeOf } from "../../src/proc/schedstat.ts";
import { readFixture } from "../support/fixture.ts";

const cpuTime = (text: string) => cpuTimeOf(new TextEncoder().encode(text), text.length);

test("cpuTimeOf() gives the time on a CPU", () => {
  const bytes = readFixture("proc/schedstat.txt");
  assert.equal(cpuTimeOf(bytes, bytes.length), 13993634);
  assert.equal(cpuTime("9007199254740991 1 2\n"), Number.MAX_SAFE_INTEGER);
  assert.equal(cpuTime("0 0 0\n"), 0);
});

test("cpuTimeOf() gives -1 when the line is cut at any byte", () => {
  const bytes = readFixture("proc/schedstat.txt");
  for (let end = 0; end < bytes.length; end++) assert.equal(cpuTimeOf(bytes, end), -1);
});

test("cpuTimeOf() gives -1 for a malformed line", () => {
  for (const text of ["\n", " 1 2\n", "-1 2 3\n", "x 2 3\n", "12\n"]) {
    assert.equal(cpuTime(text), -1, JSON.stringify(text));
  }
});
