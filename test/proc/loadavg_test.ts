import assert from "node:assert/strict";
import test from "node:test";
import { lastPidOf } from "../../src/proc/loadavg.ts";
import { readFixture } from "../support/fixture.ts";

const lastPid = (text: string) => lastPidOf(new TextEncoder().encode(text), text.length);

test("lastPidOf() gives the fifth field", () => {
  const bytes = readFixture("proc/loadavg.txt");
  assert.equal(lastPidOf(bytes, bytes.length), 32517);
  assert.equal(lastPid("0.00 0.00 0.00 1/1 4194303\n"), 4194303);
});

test("lastPidOf() gives -1 when the line is cut at any byte", () => {
  const bytes = readFixture("proc/loadavg.txt");
  for (let end = 0; end < bytes.length; end++) assert.equal(lastPidOf(bytes, end), -1);
});

test("lastPidOf() gives -1 for a malformed line", () => {
  for (
    const text of ["0 0 0 1/1 \n", "0 0 0 1/1 x\n", "0 0 0 1/1 -1\n", "0 0 0 1/1\n", "0 0 0  7 \n"]
  ) {
    assert.equal(lastPid(text), -1, JSON.stringify(text));
  }
});

test("lastPidOf() ignores what a longer line left in the buffer", () => {
  const text = "0.08 0.02 0.01 1/86 35\n77\n";
  assert.equal(lastPidOf(new TextEncoder().encode(text), 23), 35);
});
